import { expect, test } from 'vitest';
import type { CronRun } from '../../api';
import { ahead, causeOf, isOpen, tookOf } from './words';

const run: CronRun = {
  id: 'r1', job: 'tidy', cause: 'hand', tick: '2026-01-01 10:00:00.000Z', started: '2026-01-01 10:00:00.000Z',
  finished: '2026-01-01 10:00:00.250Z', outcome: 'done', error: '',
};

test.each([
  ['2026-01-01 10:00:00.250Z', '0.3 s'],
  ['2026-01-01 10:00:42.400Z', '42 s'],
  ['2026-01-01 10:02:05.900Z', '2 min 5 s'],
  ['2026-01-01 09:59:00.000Z', '0 s'],
  ['', ''],
])('a run that ended %s took %s', (finished, took) => {
  expect(tookOf({ ...run, finished })).toBe(took);
});

test('a run is open until it has ended', () => {
  expect(isOpen(run)).toBe(false);
  expect(isOpen({ ...run, finished: '', outcome: 'running' })).toBe(true);
  expect(isOpen(null)).toBe(false);
  expect(causeOf(run)).toBe('by hand');
});

test('what comes is told as people say it', () => {
  const now = Date.parse('2026-01-01T10:00:00Z');
  expect(ahead(new Date(now + 30_000), now)).toBe('in a moment');
  expect(ahead(new Date(now + 7_300_000), now)).toBe('in 2 hours');
});
