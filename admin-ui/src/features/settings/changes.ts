// What differs between settings as they are and as they are wanted, and what a server says against it.

import { ApiError } from '../../api';

export type Tree = { [key: string]: unknown };

/** The code with which a server refuses what its config file says. */
const PINNED = 'validation_set_by_config_file';

/** What was said against single fields, by their paths. */
export interface Faults {
  messages: Record<string, string>;
  /** The paths that the config file has a say in. */
  pinned: string[];
}

/** The value at a path such as `smtp.host`. */
export function valueAt(tree: Tree, path: string): unknown {
  let at: unknown = tree;
  for (const key of path.split('.')) at = isTree(at) ? at[key] : undefined;
  return at;
}

/** Puts the value at a path whose parents are there. */
export function putAt(tree: Tree, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.length ? valueAt(tree, keys.join('.')) : tree;
  if (isTree(parent)) parent[last] = value;
}

/** Only what differs; lists are whole. What is undefined was not touched, as a secret nobody knows. */
export function changesOf(before: Tree, after: Tree): Tree | undefined {
  const changes: Tree = {};
  for (const [key, value] of Object.entries(after)) {
    const old = before[key];
    if (value === undefined) continue;
    const change = isTree(value) && isTree(old) ? changesOf(old, value) : JSON.stringify(value) === JSON.stringify(old) ? undefined : value;
    if (change !== undefined) changes[key] = change;
  }
  return Object.keys(changes).length ? changes : undefined;
}

export function faultsOf(err: unknown): Faults {
  const faults: Faults = { messages: {}, pinned: [] };
  if (err instanceof ApiError) collect(err.data, '', faults);
  return faults;
}

function collect(data: Tree, prefix: string, faults: Faults): void {
  for (const [key, value] of Object.entries(data)) {
    if (!isTree(value)) continue;
    const path = prefix + key;
    if (typeof value.code !== 'string') collect(value, `${path}.`, faults);
    else if (value.code === PINNED) faults.pinned.push(path);
    else faults.messages[path] = String(value.message);
  }
}

/** Whether `path` is one of these places or lies in one. */
export function isWithin(path: string, places: Iterable<string>): boolean {
  return [...places].some((place) => path === place || path.startsWith(`${place}.`));
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
