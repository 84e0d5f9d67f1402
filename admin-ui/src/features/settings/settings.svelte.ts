// The settings in force, shared by the sections of the page.

import { api, ApiError, isAborted, type Settings } from '../../api';
import { config } from '../config/config.svelte';
import { isWithin } from './changes';

let now = $state.raw<Settings | null>(null);
let error = $state.raw<ApiError | null>(null);
/** What a refusal told to be the config file's. */
let told = $state.raw<string[]>([]);

export const settings = {
  /** null until they were read once. */
  get now(): Settings | null {
    return now;
  },
  get error(): ApiError | null {
    return error;
  },
  /** Asks the server again; never throws, the failure is in `error`. */
  async load(): Promise<void> {
    try {
      now = await api.settings.read();
      error = null;
    } catch (err) {
      if (!isAborted(err)) error = err as ApiError;
    }
  },
  /** Saves what is named. */
  async change(patch: object): Promise<void> {
    now = await api.settings.change(patch);
  },
  /** Whether the config file sets what is at this path, as far as the server has told. */
  isPinned(path: string): boolean {
    return isWithin(path, told) || isWithin(path, config.state?.settings ?? []);
  },
  /** Remembers that the config file sets these. */
  pin(paths: string[]): void {
    if (paths.length) told = [...new Set([...told, ...paths])];
  },
  /** Forgets everything, when the page is left. The file may be another one by then. */
  clear(): void {
    now = null;
    error = null;
    told = [];
  },
};
