// Which rows are chosen: by id, or all that match the filter, whichever page they are on.
import { SvelteSet } from 'svelte/reactivity';

export class Selection {
  readonly ids = new SvelteSet<string>();
  /** Every record that matches, seen or not. */
  all = $state(false);
  #last: string | undefined;

  /** One row; with shift every row from the last one touched to this one. */
  toggle(id: string, on: boolean, page: string[], range: boolean): void {
    const from = range && this.#last !== undefined ? page.indexOf(this.#last) : -1;
    const to = page.indexOf(id);
    const some = from >= 0 && to >= 0 ? page.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
    this.set(some, on);
    this.#last = id;
  }

  set(ids: string[], on: boolean): void {
    this.all = false;
    for (const id of ids) {
      if (on) this.ids.add(id);
      else this.ids.delete(id);
    }
  }

  clear(): void {
    this.all = false;
    this.ids.clear();
    this.#last = undefined;
  }
}
