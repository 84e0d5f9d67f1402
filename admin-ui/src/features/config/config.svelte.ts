// The state of the configuration, loaded once and shared by all pages.

import { api, ApiError, type ConfigState, type DeclaredCollection, isAborted } from '../../api';

let state = $state.raw<ConfigState | null>(null);
let error = $state.raw<ApiError | null>(null);
let pending: Promise<void> | undefined;

export const config = {
  /** null until it was read once. */
  get state(): ConfigState | null {
    return state;
  },
  get error(): ApiError | null {
    return error;
  },
  /** What somebody should look at: warnings, and the problem with the file as it is now. */
  get concerns(): number {
    return (state?.warnings.length ?? 0) + (state?.problem ? 1 : 0);
  },
  /** How the file declares a collection, if it does. */
  declared(name: string): DeclaredCollection | undefined {
    return state?.collections[name];
  },
  /** Asks the server again; never throws, the failure is in `error`. Calls at once share one request. */
  load(): Promise<void> {
    pending ??= read().finally(() => (pending = undefined));
    return pending;
  },
  /** Forgets everything, when the session ends. */
  clear(): void {
    state = null;
    error = null;
  },
};

async function read(): Promise<void> {
  try {
    state = await api.config();
    error = null;
  } catch (err) {
    if (!isAborted(err)) error = err as ApiError;
  }
}
