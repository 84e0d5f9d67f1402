import { expect, test } from 'vitest';
import type { Collection, DeclaredCollection } from '../../api';
import { reachOf, rulesAsToml, rulesOf, shortRulesOf } from './rules';

const posts = {
  name: 'posts', type: 'base', listRule: '', viewRule: '', createRule: '@request.auth.id != ""', updateRule: "(author = 'a')", deleteRule: null,
} as unknown as Collection;
const declared = { rules: { list: 'public', view: 'public', create: 'auth', update: '$owner' } } as unknown as DeclaredCollection;

test.each([
  [null, 'locked'],
  ['', 'public'],
  ['@request.auth.id != ""', 'auth'],
  ["(@request.auth.id != '')", 'auth'],
  ['id = 1', 'rule'],
])('%j reaches %s', (rule, reach) => {
  expect(reachOf(rule)).toBe(reach);
});

test('a rule that the file does not write is locked and has no text', () => {
  expect(rulesOf(posts, declared).at(-1)).toMatchObject({ name: 'delete', stored: null, written: undefined });
});

test('list and view are one entry only where they agree', () => {
  expect(shortRulesOf(posts, declared).map(({ label }) => label)).toEqual(['list, view', 'create', 'update', 'delete']);
  expect(shortRulesOf({ ...posts, viewRule: null }, undefined)[1]?.label).toBe('view');
});

test('a view has no rules for writing, an auth collection has two more', () => {
  expect(rulesOf({ ...posts, type: 'view' }, undefined)).toHaveLength(2);
  expect(rulesOf({ ...posts, type: 'auth' }, undefined)).toHaveLength(7);
});

test('rules copied as TOML are as the author wrote them', () => {
  expect(rulesAsToml(posts, declared)).toBe('[collections.posts.rules]\nread   = "public"\ncreate = "auth"\nupdate = "$owner"');
});

test('without a file the stored rules are quoted so that TOML reads them', () => {
  expect(rulesAsToml(posts, undefined)).toContain(`create = '@request.auth.id != ""'`);
});
