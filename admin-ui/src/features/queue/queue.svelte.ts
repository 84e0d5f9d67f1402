// What is done after requests: what waits, and what was given up. Shared by the parts of the page.

import { api, ApiError, isAborted, type Job, messageOf } from '../../api';

/** What is done to many jobs, one after the other. */
export interface Sweep {
  action: 'replay' | 'forget';
  done: number;
  /** How many there are as far as is known; the server tells of some at a time. */
  total: number;
  failed: number;
}

const WORK = { replay: api.jobs.replay, forget: api.jobs.remove };

let dead = $state.raw<Job[]>([]);
let waiting = $state.raw<Job[]>([]);
let totals = $state.raw({ dead: 0, waiting: 0 });
let loaded = $state(false);
let error = $state.raw<ApiError | null>(null);
let sweep = $state.raw<Sweep | null>(null);
let stopped = false;

async function load(): Promise<void> {
  try {
    const [given, left] = await Promise.all([api.jobs.list('dead'), api.jobs.list('waiting')]);
    dead = given.items;
    waiting = left.items;
    totals = { dead: given.totalItems, waiting: left.totalItems };
    loaded = true;
    error = null;
  } catch (err) {
    if (!isAborted(err)) error = err as ApiError;
  }
}

async function one(action: Sweep['action'], id: string): Promise<void> {
  await WORK[action](id);
  if (waiting.some((job) => job.id === id)) return load();
  if (!dead.some((job) => job.id === id)) return;
  dead = dead.filter((job) => job.id !== id);
  totals = { ...totals, dead: totals.dead - 1 };
}

export const queue = {
  /** Given up, the last one first; no more than the server lists at a time. */
  get dead(): Job[] {
    return dead;
  },
  /** Still to be done. */
  get waiting(): Job[] {
    return waiting;
  },
  /** How many there are of each, listed or not. */
  get totals(): { dead: number; waiting: number } {
    return totals;
  },
  get loaded(): boolean {
    return loaded;
  },
  get error(): ApiError | null {
    return error;
  },
  /** null when nothing is done to many. */
  get sweep(): Sweep | null {
    return sweep;
  },
  /** Asks the server again; never throws, the failure is in `error`. */
  load,
  /** Has a job done again, or now. Whether that helps shows later: it is gone from the list at once. */
  replay: (id: string) => one('replay', id),
  forget: (id: string) => one('forget', id),
  /** Does it to all that were given up and match; answers what came of it. Each is taken once, also when
      it fails anew meanwhile, so that this ends. */
  async all(action: Sweep['action'], matches: (job: Job) => boolean): Promise<Sweep & { reason: string }> {
    stopped = false;
    let reason = '';
    const taken = new Set<string>();
    sweep = { action, done: 0, total: dead.filter(matches).length, failed: 0 };
    for (let next = fresh(); next.length && !stopped; next = fresh()) {
      sweep = { ...sweep, total: taken.size + next.length };
      for (const { id } of next) {
        if (stopped) break;
        taken.add(id);
        try {
          await one(action, id);
          sweep = { ...sweep, done: sweep.done + 1 };
        } catch (err) {
          // Somebody else was faster: that is as good as done.
          if (err instanceof ApiError && err.status === 404) sweep = { ...sweep, done: sweep.done + 1 };
          else {
            sweep = { ...sweep, failed: sweep.failed + 1 };
            reason = messageOf(err);
            // Without an answer, or a session, the others would only fail as well.
            if (err instanceof ApiError && [0, 401, 403, 429].includes(err.status)) stopped = true;
          }
        }
      }
      await load();
      if (error) break;
    }
    const outcome = { ...sweep, reason };
    sweep = null;
    return outcome;

    function fresh(): Job[] {
      return dead.filter((job) => matches(job) && !taken.has(job.id));
    }
  },
  /** Leaves it at what is done. */
  stop(): void {
    stopped = true;
  },
  /** Forgets everything, when the page is left. */
  clear(): void {
    stopped = true;
    dead = [];
    waiting = [];
    totals = { dead: 0, waiting: 0 };
    loaded = false;
    error = null;
  },
};
