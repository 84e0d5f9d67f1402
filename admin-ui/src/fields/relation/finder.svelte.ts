// What the relation picker shows while somebody types: one page after the other of what matches.
import { api, type Collection, isAborted, messageOf, type RecordModel } from '../../api';
import { pickerFilter } from './search';

const PAGE = 30;
const PAUSE = 200;

export class Finder {
  items: RecordModel[] = $state.raw([]);
  loading = $state(false);
  failure = $state('');
  hasMore = $state(false);
  #words = '';
  #page = 0;
  #running: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #collection: () => Collection | undefined;

  constructor(collection: () => Collection | undefined) {
    this.#collection = collection;
  }

  /** Looks for the words, after a pause in typing. What was asked before is called off. */
  search(words: string, pause = PAUSE): void {
    this.stop();
    this.#words = words;
    this.loading = true;
    this.#timer = setTimeout(() => void this.#read(1), pause);
  }

  more(): void {
    if (this.hasMore && !this.loading) void this.#read(this.#page + 1);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = undefined;
    this.loading = false;
  }

  async #read(page: number): Promise<void> {
    const collection = this.#collection();
    if (!collection) return this.stop();
    const running = (this.#running = new AbortController());
    this.loading = true;
    try {
      const filter = pickerFilter(this.#words, collection.fields);
      const sort = collection.type === 'view' ? 'id' : '@rowid';
      const query = { page, perPage: PAGE, skipTotal: true, filter, sort };
      const { items } = await api.records.list(collection.name, query, running.signal);
      if (running.signal.aborted) return;
      this.items = page === 1 ? items : [...this.items, ...items.filter((item) => !this.items.some((old) => old.id === item.id))];
      this.#page = page;
      this.hasMore = items.length === PAGE;
      this.failure = '';
    } catch (err) {
      if (isAborted(err) || running.signal.aborted) return;
      this.failure = messageOf(err);
    }
    this.loading = false;
  }
}
