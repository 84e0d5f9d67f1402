// The records a relation points to, read in one request per sixty and kept while the input lives.
import { SvelteMap } from 'svelte/reactivity';
import { api, type Collection, isAborted, type RecordModel } from '../../api';
import { idsFilter } from './search';

const IDS_A_REQUEST = 60;

export class Targets {
  /** By id; null where the server has no such record. */
  readonly known = new SvelteMap<string, RecordModel | null>();
  #asked = new Set<string>();

  keep(records: RecordModel[]): void {
    for (const record of records) {
      this.#asked.add(record.id);
      this.known.set(record.id, record);
    }
  }

  /** Reads those that were not read yet. A failure leaves them unnamed, and asks again next time. */
  async read(collection: Collection, ids: string[], signal: AbortSignal): Promise<void> {
    const wanted = ids.filter((id) => !this.#asked.has(id));
    for (let at = 0; at < wanted.length; at += IDS_A_REQUEST) {
      const some = wanted.slice(at, at + IDS_A_REQUEST);
      for (const id of some) this.#asked.add(id);
      try {
        const query = { filter: idsFilter(some), perPage: some.length, skipTotal: true };
        this.keep((await api.records.list(collection.name, query, signal)).items);
        for (const id of some) if (!this.known.has(id)) this.known.set(id, null);
      } catch (err) {
        for (const id of some) this.#asked.delete(id);
        if (!isAborted(err)) return;
      }
    }
  }
}
