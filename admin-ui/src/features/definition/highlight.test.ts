import { expect, test } from 'vitest';
import { highlight } from './highlight';

const kinds = (rule: string) => highlight(rule).filter(({ kind }) => kind !== 'space').map(({ kind, text }) => `${kind} ${text}`);

test.each([
  ["status = 'published'", ['name status', 'sign =', "text 'published'"]],
  ['$owner || $admin', ['macro $owner', 'join ||', 'macro $admin']],
  ['@request.body.role:changed = false', ['place @request.body.role:changed', 'sign =', 'word false']],
  ['a.b ?!~ -1.5 && created > @now', ['name a.b', 'sign ?!~', 'number -1.5', 'join &&', 'name created', 'sign >', 'macro @now']],
  ["x = 'it\\'s' // why", ['name x', 'sign =', "text 'it\\'s'", 'comment // why']],
  ['null_count = null', ['name null_count', 'sign =', 'word null']],
  ['public', ['word public']],
  ['admin', ['macro admin']],
])('%s', (rule, expected) => {
  expect(kinds(rule)).toEqual(expected);
});

test.each(["a = 'open", '§ ≠ &', '', '((((', '?', '"a" = \\'])('loses nothing of %j', (rule) => {
  expect(highlight(rule).map(({ text }) => text).join('')).toBe(rule);
});
