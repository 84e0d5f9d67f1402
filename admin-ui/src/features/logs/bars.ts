// The bars of the chart: as many hours each as it takes to have room for all.

import type { LogHour } from '../../api';
import { parseMoment } from '../../ui/moments';
import { HOUR } from './query';

export interface Bar {
  /** The time at which it begins, and that at which the next one does. */
  from: number;
  to: number;
  total: number;
}

const MOST = 96;
/** A day at least: one hour alone would be a wall. */
const LEAST = 24;
const STEPS = [1, 2, 3, 4, 6, 8, 12, 24, 48, 96, 168, 336, 720, 1440, 8760];

/** From the first hour with an entry, or from `from`, to the last before `to`; hours without are there too. */
export function barsOf(hours: LogHour[], to: number, from?: number): Bar[] {
  const counts = hours.map(({ date, total }) => ({ at: hourOf(parseMoment(date)?.getTime() ?? 0), total }));
  const end = Math.max(hourOf(to - 1), ...counts.map(({ at }) => at)) + HOUR;
  const first = Math.min(hourOf(from ?? end - HOUR), ...counts.map(({ at }) => at));
  const length = Math.max(LEAST, (end - first) / HOUR);
  const step = (STEPS.find((hours) => length / hours <= MOST) ?? Math.ceil(length / MOST)) * HOUR;
  const many = Math.ceil((length * HOUR) / step);
  const start = end - many * step;
  const bars = Array.from({ length: many }, (_, at) => ({ from: start + at * step, to: start + (at + 1) * step, total: 0 }));
  for (const { at, total } of counts) {
    const bar = bars[Math.floor((at - start) / step)];
    if (bar) bar.total += total;
  }
  return bars;
}

export function hourOf(time: number): number {
  return Math.floor(time / HOUR) * HOUR;
}
