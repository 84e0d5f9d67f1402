// The backups there are, and what is being done about them. It outlives the page: making one takes minutes.

import { api, ApiError, type Backup, isAborted, messageOf } from '../../api';
import { toast } from '../../ui/toasts.svelte';

interface Upload {
  name: string;
  /** From 0 to 1; then the server looks at it. */
  share: number;
  cancel: () => void;
}

let list = $state.raw<Backup[]>([]);
let loaded = $state(false);
let error = $state.raw<ApiError | null>(null);
let making = $state(false);
let uploading = $state.raw<Upload | null>(null);

async function load(): Promise<void> {
  try {
    // The newest first; the server has them by name.
    list = (await api.backups.list()).sort((a, b) => b.modified.localeCompare(a.modified));
    loaded = true;
    error = null;
  } catch (err) {
    if (!isAborted(err)) error = err as ApiError;
  }
}

export const backups = {
  get list(): Backup[] {
    return list;
  },
  get loaded(): boolean {
    return loaded;
  },
  get error(): ApiError | null {
    return error;
  },
  /** Whether one is being made, as far as this browser knows. */
  get making(): boolean {
    return making;
  },
  get uploading(): Upload | null {
    return uploading;
  },
  /** Asks the server again; never throws, the failure is in `error`. */
  load,
  /** Never throws: whoever asked may be elsewhere by the time it is there. */
  async create(name: string): Promise<ApiError | undefined> {
    making = true;
    try {
      await api.backups.create(name);
      toast('The backup is complete.', 'good');
      return undefined;
    } catch (err) {
      return err as ApiError;
    } finally {
      making = false;
      if (loaded) await load();
    }
  },
  async upload(file: File): Promise<void> {
    const going = new AbortController();
    const tell = (share: number) => (uploading = { name: file.name, share, cancel: () => going.abort() });
    tell(0);
    try {
      await api.backups.upload(file, { onsent: tell, signal: going.signal });
      toast(`${file.name} is there.`, 'good');
    } catch (err) {
      const said = err instanceof ApiError && (err.data.file as { message?: string } | undefined)?.message;
      if (!isAborted(err)) toast(`${file.name}: ${said || messageOf(err)}`, 'bad');
    } finally {
      uploading = null;
      if (loaded) await load();
    }
  },
  async remove(key: string): Promise<void> {
    await api.backups.remove(key);
    list = list.filter((backup) => backup.key !== key);
  },
  /** Forgets what was read, when the page is left; what is under way goes on. */
  clear(): void {
    list = [];
    loaded = false;
    error = null;
  },
};
