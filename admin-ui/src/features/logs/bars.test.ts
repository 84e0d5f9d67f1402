import { expect, test } from 'vitest';
import { barsOf } from './bars';
import { HOUR } from './query';

const now = Date.parse('2026-01-10T10:20:00Z');
const at = (hour: string, total: number) => ({ date: `${hour}:00:00.000Z`, total });
const totals = (hours: ReturnType<typeof at>[], from?: number) => barsOf(hours, now, from).map(({ total }) => total);

test('hours without an entry are there, and it is a day at least', () => {
  const bars = barsOf([at('2026-01-10 08', 3), at('2026-01-10 10', 1)], now);
  expect(bars).toHaveLength(24);
  expect(bars.slice(-3).map(({ total }) => total)).toEqual([3, 0, 1]);
  expect(new Date(bars.at(-1)!.to).toISOString()).toBe('2026-01-10T11:00:00.000Z');
});

test('a long time has bars of several hours, and none is lost', () => {
  const bars = barsOf([at('2025-12-01 00', 5), at('2025-12-01 01', 6), at('2026-01-10 10', 7)], now);
  expect(bars.length).toBeLessThanOrEqual(96);
  expect(bars.reduce((sum, { total }) => sum + total, 0)).toBe(18);
  expect(bars.at(-1)!.total).toBe(7);
  expect((bars[0]!.to - bars[0]!.from) / HOUR).toBe(12);
});

test('a period begins where it was asked to', () => {
  expect(totals([at('2026-01-10 10', 1)], now - 47 * HOUR)).toHaveLength(48);
  expect(totals([])).toEqual(Array(24).fill(0));
});

test('a clock that is ahead loses nothing', () => {
  expect(totals([at('2026-01-10 12', 4)]).at(-1)).toBe(4);
});
