// What happens by the clock, shared by the parts of the page.

import { api, ApiError, type Cron, isAborted } from '../../api';
import { isOpen } from './words';

/** How often a run that was started is looked for, and how many times. */
const PAUSE = 1000;
const LOOKS = 60;

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
  /** Starts a job and waits until it has ended; undefined when it takes too long or nobody waits any more. */
  async run(id: string): Promise<Cron | undefined> {
    const at = visit;
    await api.crons.run(id);
    for (let look = 0; look < LOOKS && at === visit; look++) {
      if (look > 0) await new Promise((done) => setTimeout(done, PAUSE));
      await load();
      const cron = find(id);
      if (at === visit && cron && !isOpen(cron.last)) return cron;
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
