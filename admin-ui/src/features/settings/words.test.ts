import { expect, test } from 'vitest';
import type { Collection } from '../../api';
import { labelsFor } from './labels';
import { linesOf, scheduleOf } from './words';

test('lines that say nothing are none', () => {
  expect(linesOf(' 10.0.0.1 \n\n10.0.0.0/8, ::1\n')).toEqual(['10.0.0.1', '10.0.0.0/8', '::1']);
  expect(linesOf('')).toEqual([]);
});

test('schedules are told in words where there are some', () => {
  expect(scheduleOf('0 3 * * *')).toBe('Every night at 3:00 UTC');
  expect(scheduleOf('5 4 * * *')).toBe('5 4 * * * UTC');
});

test('labels to choose from are those of one’s own collections', () => {
  const of = (name: string, type: Collection['type'], system = false) => ({ name, type, system }) as Collection;
  const labels = labelsFor([of('posts', 'base'), of('users', 'auth'), of('stats', 'view'), of('_superusers', 'auth', true)]);
  expect(labels).toEqual(expect.arrayContaining(['*:create', 'posts:create', 'users:authWithPassword', 'stats:list', '/api/']));
  expect(labels.filter((label) => /^posts:auth|^stats:create|^_superusers/.test(label))).toEqual([]);
  expect(new Set(labels).size).toBe(labels.length);
});
