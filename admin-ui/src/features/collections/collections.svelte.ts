// The collections, loaded once and shared by all pages.

import { api, type ApiError, type Collection, isAborted } from '../../api';

let list = $state.raw<Collection[]>([]);
let error = $state.raw<ApiError | null>(null);
let loaded = $state(false);
let pending: Promise<void> | undefined;

export const collections = {
  /** Sorted by name. */
  get list(): Collection[] {
    return list;
  },
  /** Whether `list` was ever filled; it stays while a later load runs or fails. */
  get loaded(): boolean {
    return loaded;
  },
  get error(): ApiError | null {
    return error;
  },
  byName(name: string): Collection | undefined {
    const wanted = name.toLowerCase();
    return list.find((collection) => collection.name.toLowerCase() === wanted);
  },
  byId(id: string): Collection | undefined {
    return list.find((collection) => collection.id === id);
  },
  /** Asks the server again; never throws, the failure is in `error`. Calls at once share one request. */
  load(): Promise<void> {
    pending ??= read().finally(() => (pending = undefined));
    return pending;
  },
  /** Forgets everything, when the session ends. */
  clear(): void {
    list = [];
    loaded = false;
    error = null;
  },
};

async function read(): Promise<void> {
  try {
    list = (await api.collections()).toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
    loaded = true;
    error = null;
  } catch (err) {
    if (!isAborted(err)) error = err as ApiError;
  }
}
