// What happens by the clock, shared by the parts of the page.

import { api, ApiError, type Cron, type CronRun, isAborted } from '../../api';
import { isOpen } from './words';

/** How soon a run that was started is looked for again: at first, and after a minute. */
const PAUSES = [1000, 4000] as const;
const QUICK = 60;

let list = $state.raw<Cron[]>([]);
let loaded = $state(false);
let error = $state.raw<ApiError | null>(null);
/** Grows when the page is left: who waits for a run stops then. */
let visit = 0;

async function load(): Promise<void> {
  const at = visit;
  try {
    const crons = await api.crons.list();
    if (at !== visit) return;
    list = crons;
    loaded = true;
    error = null;
  } catch (err) {
    if (at === visit && !isAborted(err)) error = err as ApiError;
  }
}

function find(id: string): Cron | undefined {
  return list.find((cron) => cron.id === id);
}

/** A run that is not the last one any more; undefined when the server does not say. */
async function runOf(id: string, run: string): Promise<CronRun | undefined> {
  try {
    return (await api.crons.runs(id)).items.find((one) => one.id === run);
  } catch {
    return undefined;
  }
}

export const crons = {
  /** Those of the config file by name, then the product's own. */
  get list(): Cron[] {
    return list;
  },
  get loaded(): boolean {
    return loaded;
  },
  get error(): ApiError | null {
    return error;
  },
  find,
  /** Asks the server again; never throws, the failure is in `error`. */
  load,
  /** Starts a job and answers its run when that has ended; undefined when nobody waits any more. */
  async run(id: string): Promise<CronRun | undefined> {
    const at = visit;
    await api.crons.run(id);
    let begun: string | undefined;
    for (let look = 0; at === visit; look++) {
      if (look > 0) await new Promise((done) => setTimeout(done, look < QUICK ? PAUSES[0] : PAUSES[1]));
      await load();
      // What a server says that does not answer is what it said before.
      if (at !== visit || error) continue;
      const last = find(id)?.last;
      if (!last) return undefined;
      begun ??= last.id;
      const run = last.id === begun ? last : await runOf(id, begun);
      if (at === visit && run && !isOpen(run)) return run;
    }
    return undefined;
  },
  /** Forgets everything, when the page is left. */
  clear(): void {
    visit += 1;
    list = [];
    loaded = false;
    error = null;
  },
};
