// The order of the table as the `sort` parameter says it: `-created,title`.
import type { Field } from '../../api';

export interface SortKey {
  name: string;
  descending: boolean;
}

/** Without a choice: what was just made is seen at once. Rows of a view have no age. */
export const NEWEST_FIRST = '-@rowid';

/** More than this the server refuses. */
const MOST = 8;

export function parseSort(text: string): SortKey[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry.replace(/^[-+]/, '') !== '')
    .map((entry) => ({ name: entry.replace(/^[-+]/, ''), descending: entry.startsWith('-') }));
}

export const formatSort = (keys: SortKey[]) => keys.map((key) => (key.descending ? `-${key.name}` : key.name)).join(',');

/** A header was pressed: ascending, descending, not at all. With shift the other keys stay. */
export function pressed(keys: SortKey[], name: string, keepOthers: boolean): SortKey[] {
  const current = keys.find((key) => key.name === name);
  const next = !current ? { name, descending: false } : current.descending ? undefined : { name, descending: true };
  if (!keepOthers) return next ? [next] : [];
  const replaced = current ? keys.flatMap((key) => (key === current ? (next ?? []) : key)) : [...keys, next!];
  return replaced.slice(0, MOST);
}

export function ariaSort(keys: SortKey[], name: string): 'ascending' | 'descending' | 'none' {
  const key = keys.find((candidate) => candidate.name === name);
  return key ? (key.descending ? 'descending' : 'ascending') : 'none';
}

/** Sorting a list, an object or a text of markup orders rows by something nobody sees. */
export const isSortable = (field: Field) => !['json', 'geoPoint', 'password'].includes(field.type);
