// The inbox and what was not delivered, loaded together and shared by the parts of the page.

import { api, ApiError, isAborted, type Job, type MailEnvelope } from '../../api';

let mails = $state.raw<MailEnvelope[]>([]);
let undelivered = $state.raw<Job[]>([]);
let loaded = $state(false);
let error = $state.raw<ApiError | null>(null);

export const mailbox = {
  /** The newest first. */
  get mails(): MailEnvelope[] {
    return mails;
  },
  /** Jobs that were given up, the last one first. */
  get undelivered(): Job[] {
    return undelivered;
  },
  get loaded(): boolean {
    return loaded;
  },
  get error(): ApiError | null {
    return error;
  },
  /** Asks the server again; never throws, the failure is in `error`. */
  async load(): Promise<void> {
    try {
      const [inbox, dead] = await Promise.all([api.mails.list(), api.jobs.list('dead')]);
      mails = inbox.items;
      undelivered = dead.items;
      loaded = true;
      error = null;
    } catch (err) {
      if (!isAborted(err)) error = err as ApiError;
    }
  },
  async empty(): Promise<void> {
    await api.mails.clear();
    mails = [];
  },
  /** Has a job done again. Whether that helps shows later: it is gone from the list at once. */
  async replay(id: string): Promise<void> {
    await api.jobs.replay(id);
    undelivered = undelivered.filter((job) => job.id !== id);
  },
  async forget(id: string): Promise<void> {
    await api.jobs.remove(id);
    undelivered = undelivered.filter((job) => job.id !== id);
  },
  /** Forgets everything, when the session ends. */
  clear(): void {
    mails = [];
    undelivered = [];
    loaded = false;
    error = null;
  },
};
