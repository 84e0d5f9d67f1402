// Deleting many records: which they are is settled before the first goes, since a filter may match
// others afterwards. Each is its own request, so that one refusal leaves the rest alone.
import { api, ApiError, isAborted, messageOf } from '../../api';
import { countFilters, type Reference } from './references';

const IDS_A_PAGE = 1000;
const AT_ONCE = 4;

/** The ids of every record that matches. In the order of ids, so that no page shifts under another. */
export async function allIds(
  collection: string,
  filter: string,
  signal: AbortSignal,
  onprogress: (found: number) => void = () => undefined,
): Promise<string[]> {
  const ids = new Set<string>();
  for (let page = 1; ; page++) {
    const query = { filter, page, perPage: IDS_A_PAGE, sort: 'id', fields: 'id', skipTotal: true };
    const { items } = await api.records.list(collection, query, signal);
    for (const { id } of items) ids.add(id);
    onprogress(ids.size);
    if (items.length < IDS_A_PAGE) return [...ids];
  }
}

export interface Counted {
  reference: Reference;
  /** Undefined: too many to count cheaply. */
  count: number | undefined;
}

/** How many records point to these, for each reference that can be counted; those without any are left out. */
export async function countReferences(references: Reference[], ids: string[], signal: AbortSignal): Promise<Counted[]> {
  const counted = await Promise.all(references.map(async (reference) => ({ reference, count: await count(reference, ids, signal) })));
  return counted.filter(({ count }) => count !== 0);
}

async function count(reference: Reference, ids: string[], signal: AbortSignal): Promise<number | undefined> {
  const filters = countFilters(reference, ids);
  if (!filters) return undefined;
  try {
    let total = 0;
    for (const filter of filters) {
      const page = await api.records.list(reference.collection.name, { filter, perPage: 1, fields: 'id' }, signal);
      total += page.totalItems;
    }
    return total;
  } catch (err) {
    if (isAborted(err)) throw err;
    return undefined;
  }
}

export interface Failure {
  id: string;
  message: string;
}

export class Deletion {
  done = $state(0);
  failures: Failure[] = $state([]);
  running = $state(false);
  #cancelled = false;
  /** What is gone now, whoever deleted it. */
  readonly gone: string[] = [];

  /** Requests on their way are awaited: cancelling begins no new one. */
  cancel(): void {
    this.#cancelled = true;
  }

  async run(collection: string, ids: string[]): Promise<void> {
    this.running = true;
    const left = [...ids];
    const work = async () => {
      for (let id = left.shift(); id !== undefined && !this.#cancelled; id = left.shift()) await this.#one(collection, id);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, ids.length) }, work));
    this.running = false;
  }

  async #one(collection: string, id: string): Promise<void> {
    try {
      await api.records.delete(collection, id);
      this.gone.push(id);
    } catch (err) {
      // Gone already, by somebody else or by a cascade of this very deletion: what was wanted.
      if (err instanceof ApiError && err.status === 404) this.gone.push(id);
      else this.failures.push({ id, message: messageOf(err) });
      // Without a session or a server the others would fail the same way.
      if (err instanceof ApiError && (err.status === 0 || err.status === 401)) this.#cancelled = true;
    }
    this.done++;
  }
}
