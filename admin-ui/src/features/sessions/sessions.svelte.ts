// The sessions of an account: read, and ended.

import { type Account, api, ApiError, isAborted, type SessionEntry } from '../../api';

export class Sessions {
  list = $state.raw<SessionEntry[]>([]);
  loaded = $state(false);
  error = $state.raw<ApiError>();
  readonly account: Account | undefined;

  /** Without an account they are one's own. */
  constructor(account?: Account) {
    this.account = account;
  }

  get others(): number {
    return this.list.filter(({ current }) => !current).length;
  }

  /** Never throws; the failure is in `error`. */
  async load(): Promise<void> {
    try {
      this.list = (await api.sessions.list(this.account)).items;
      this.loaded = true;
      this.error = undefined;
    } catch (err) {
      if (!isAborted(err)) this.error = err instanceof ApiError ? err : new ApiError(0, String(err));
    }
  }

  async end(id: string): Promise<void> {
    await api.sessions.end(id).catch((err: unknown) => {
      // It ended by itself, or somebody was faster.
      if (!(err instanceof ApiError && err.status === 404)) throw err;
    });
    this.list = this.list.filter((entry) => entry.id !== id);
  }

  async endOthers(): Promise<void> {
    await api.sessions.endOthers();
    this.list = this.list.filter(({ current }) => current);
  }

  async endAll(): Promise<void> {
    await api.sessions.endAll(this.account);
    this.list = [];
  }
}
