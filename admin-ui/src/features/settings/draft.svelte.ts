// A section of the settings while it is edited: what is wanted, what differs, what the server said.

import { messageOf, type Settings } from '../../api';
import { changesOf, faultsOf, isWithin, putAt, type Tree, valueAt } from './changes';
import { settings } from './settings.svelte';

export class Draft {
  /** The parts of the settings that it edits. */
  readonly keys: (keyof Settings)[];
  busy = $state(false);
  /** What the server said against the whole, or against what is not shown here. */
  problem = $state('');
  #before = $state.raw<Tree>({});
  #wanted = $state<Tree>({});
  #faults = $state.raw<Record<string, string>>({});
  readonly changes = $derived(changesOf(this.#before, this.#wanted));

  constructor(...keys: (keyof Settings)[]) {
    this.keys = keys;
    this.reset();
  }

  get isDirty(): boolean {
    return this.changes !== undefined;
  }

  get(path: string): unknown {
    return valueAt(this.#wanted, path);
  }

  /** Whether what is wanted there differs from what is in force. */
  differs(path: string): boolean {
    return this.changes !== undefined && valueAt(this.changes, path) !== undefined;
  }

  set(path: string, value: unknown): void {
    putAt(this.#wanted, path, value);
    this.#faults = Object.fromEntries(Object.entries(this.#faults).filter(([at]) => !isWithin(at, [path])));
  }

  /** What is wrong at a path. */
  fault(path: string): string | undefined {
    return this.#faults[path];
  }

  /** What is wrong in the list at a path, by the position in it. */
  faultsIn(path: string): [number, string][] {
    const inside = Object.entries(this.#faults).filter(([at]) => at.startsWith(`${path}.`));
    return inside.map(([at, message]) => [Number(at.slice(path.length + 1).split('.')[0]), message]);
  }

  isPinned(path: string): boolean {
    return settings.isPinned(path);
  }

  /** Back to what is in force. */
  reset(): void {
    const now = settings.now as Tree | null;
    const part = Object.fromEntries(this.keys.map((key) => [key, structuredClone(now?.[key])]));
    this.#before = part;
    this.#wanted = structuredClone(part);
    this.#faults = {};
    this.problem = '';
  }

  /** Saves what differs; false when the server refused it. */
  async save(): Promise<boolean> {
    const patch = $state.snapshot(this.changes);
    if (patch === undefined || this.busy) return true;
    this.busy = true;
    try {
      await settings.change(patch);
      this.reset();
      return true;
    } catch (err) {
      this.#refused(err);
      return false;
    } finally {
      this.busy = false;
    }
  }

  #refused(err: unknown): void {
    const { messages, pinned } = faultsOf(err);
    settings.pin(pinned);
    for (const path of pinned) putAt(this.#wanted, path, structuredClone(valueAt(this.#before, path)));
    this.#faults = messages;
    const elsewhere = Object.entries(messages).filter(([path]) => !isWithin(path, this.keys));
    this.problem =
      pinned.length ? pinnedProblem(pinned.length, this.isDirty)
      : elsewhere.length ? elsewhere.map(([path, message]) => `${path}: ${message}`).join(' ')
      : Object.keys(messages).length ? 'Nothing was saved: something is not right yet.'
      : messageOf(err);
  }
}

function pinnedProblem(count: number, isMore: boolean): string {
  const what = count === 1 ? 'The config file sets one of these, so it is as it was' : `The config file sets ${count} of these, so they are as they were`;
  return `Nothing was saved. ${what}${isMore ? '; save again for the rest.' : '.'}`;
}
