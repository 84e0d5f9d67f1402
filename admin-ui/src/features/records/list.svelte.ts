// The rows of the table and how many there are. Two requests: the rows do not wait for the count.
import { api, ApiError, isAborted, type RecordModel } from '../../api';

export interface ListRequest {
  collection: string;
  filter: string;
  sort: string;
  page: number;
  perPage: number;
  fields: string;
  expand: string;
}

export class RecordList {
  items: RecordModel[] = $state.raw([]);
  /** Undefined until it is counted. */
  total: number | undefined = $state();
  loading = $state(true);
  error: ApiError | undefined = $state.raw();
  #counted = '';

  /** Reads one page; answers what calls it off. `fresh` counts again what was counted before. */
  load(request: ListRequest, fresh = false): () => void {
    const running = new AbortController();
    void this.#read(request, running.signal);
    void this.#count(request, fresh, running.signal);
    return () => running.abort();
  }

  async #read({ collection, ...query }: ListRequest, signal: AbortSignal): Promise<void> {
    this.loading = true;
    try {
      const { items } = await api.records.list(collection, { ...query, skipTotal: true }, signal);
      if (signal.aborted) return;
      this.items = items;
      this.error = undefined;
    } catch (err) {
      if (isAborted(err) || signal.aborted) return;
      this.items = [];
      this.error = err instanceof ApiError ? err : new ApiError(0, String(err));
    }
    this.loading = false;
  }

  async #count({ collection, filter }: ListRequest, fresh: boolean, signal: AbortSignal): Promise<void> {
    const counted = `${collection} ${filter}`;
    if (counted === this.#counted && !fresh && this.total !== undefined) return;
    if (counted !== this.#counted) this.total = undefined;
    this.#counted = counted;
    try {
      const { totalItems } = await api.records.list(collection, { filter, perPage: 1, fields: 'id' }, signal);
      if (!signal.aborted) this.total = totalItems;
    } catch {
      // The rows' own request says what is wrong; without a count there are still pages.
    }
  }
}
