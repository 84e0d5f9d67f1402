// How runs of jobs are spoken of.

import type { CronRun } from '../../api';
import { ago } from '../../ui/moments';

const CAUSES: Record<CronRun['cause'], string> = { schedule: 'by the clock', missed: 'late, after a start', hand: 'by hand' };

const TONES = { waiting: 'neutral', running: 'neutral', done: 'good', failed: 'bad', skipped: 'warn' } as const;

/** Why it ran, as the end of a sentence. */
export function causeOf(run: CronRun): string {
  return CAUSES[run.cause];
}

export function toneOf(run: CronRun): (typeof TONES)[CronRun['outcome']] {
  return TONES[run.outcome];
}

/** Whether something is still to come of it. */
export function isOpen(run: CronRun | null): boolean {
  return run !== null && run.finished === '';
}

/** Such as "in 3 hours". */
export function ahead(date: Date, now = Date.now()): string {
  return Math.abs(date.getTime() - now) < 60_000 ? 'in a moment' : ago(date, now);
}

/** How long it took, such as "0.3 s" and "2 min 5 s"; empty as long as it is not over. */
export function tookOf({ started, finished }: CronRun): string {
  const [from, to] = [started, finished].map((text) => Date.parse(text.replace(' ', 'T')));
  if (from === undefined || to === undefined || Number.isNaN(from) || Number.isNaN(to)) return '';
  const seconds = Math.max(0, to - from) / 1000;
  if (seconds < 60) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}
