// The inbox, and how many mails were not delivered, loaded together and shared by the parts of the page.

import { api, ApiError, isAborted, type MailEnvelope } from '../../api';

let mails = $state.raw<MailEnvelope[]>([]);
let undelivered = $state(0);
let loaded = $state(false);
let error = $state.raw<ApiError | null>(null);

export const mailbox = {
  /** The newest first. */
  get mails(): MailEnvelope[] {
    return mails;
  },
  /** How many mails were given up; the queue has them. */
  get undelivered(): number {
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
      undelivered = dead.items.filter(({ kind }) => kind === 'mail').length;
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
  /** Forgets everything, when the session ends. */
  clear(): void {
    mails = [];
    undelivered = 0;
    loaded = false;
    error = null;
  },
};
