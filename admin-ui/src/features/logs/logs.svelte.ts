// The entries that are shown, newest first, and how many there are of each hour.

import { api, ApiError, isAborted, type LogEntry, type LogHour } from '../../api';

const PER_PAGE = 50;

export class Logs {
  entries = $state.raw<LogEntry[]>([]);
  hours = $state.raw<LogHour[]>([]);
  loaded = $state(false);
  /** Whether older ones may be there. */
  more = $state(false);
  busy = $state(false);
  error = $state.raw<ApiError | null>(null);
  readonly total = $derived(this.hours.reduce((sum, { total }) => sum + total, 0));
  #filter = '';
  #going: AbortController | undefined;

  /** Shows what the filter lets through; what was asked before is not waited for. */
  async load(filter: string): Promise<void> {
    this.#filter = filter;
    await this.#ask(async (signal) => {
      const [page, hours] = await Promise.all([this.#page(filter, signal), api.logs.stats(filter, signal)]);
      this.entries = page;
      this.hours = hours;
      this.more = page.length === PER_PAGE;
      this.loaded = true;
    });
  }

  /** Puts what is new above what is there. */
  async refresh(filter = this.#filter): Promise<void> {
    if (this.busy) return;
    this.#filter = filter;
    await this.#ask(async (signal) => {
      const [page, hours] = await Promise.all([this.#page(filter, signal), api.logs.stats(filter, signal)]);
      const known = new Set(this.entries.map(({ id }) => id));
      const fresh = page.filter(({ id }) => !known.has(id));
      // Nothing in common: what lies between is not known, so it begins anew.
      const isGap = fresh.length === page.length && page.length === PER_PAGE;
      if (isGap || !page.length) this.more = isGap;
      if (fresh.length || !page.length) this.entries = isGap || !page.length ? page : [...fresh, ...this.entries];
      this.hours = hours;
      this.loaded = true;
    });
  }

  /** Adds those before the last one. */
  async older(): Promise<void> {
    const last = this.entries.at(-1);
    if (!last || this.busy) return;
    await this.#ask(async (signal) => {
      // By its time, not by a page: new entries would move the pages.
      const before = `created <= '${last.created}'`;
      const page = await this.#page(this.#filter ? `(${this.#filter}) && ${before}` : before, signal);
      const known = new Set(this.entries.map(({ id }) => id));
      const fresh = page.filter(({ id }) => !known.has(id));
      this.entries = [...this.entries, ...fresh];
      this.more = page.length === PER_PAGE && fresh.length > 0;
    });
  }

  async clear(): Promise<void> {
    await api.logs.clear();
    this.entries = [];
    this.hours = [];
    this.more = false;
  }

  /** Nobody waits any more. */
  leave(): void {
    this.#going?.abort();
  }

  async #page(filter: string, signal: AbortSignal): Promise<LogEntry[]> {
    return (await api.logs.list({ filter, sort: '-created', perPage: PER_PAGE, skipTotal: true }, signal)).items;
  }

  async #ask(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#going?.abort();
    const going = (this.#going = new AbortController());
    this.busy = true;
    try {
      await work(going.signal);
      this.error = null;
    } catch (err) {
      if (!isAborted(err) && going === this.#going) this.error = err as ApiError;
    } finally {
      if (going === this.#going) this.busy = false;
    }
  }
}
