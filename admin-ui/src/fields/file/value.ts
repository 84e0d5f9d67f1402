import type { Field } from '../../api';
import { isMultiple } from '../options';

/** The name of a stored file, or one that is to be stored. */
export type Entry = string | File;

export const blank = (field: Field) => (isMultiple(field) ? [] : '');

export const summary = (value: unknown) =>
  entriesOf(value).map((entry) => (entry instanceof File ? `${entry.name} (new)` : entry)).join(', ');

/** One file, several or none, whatever the field holds. */
export function entriesOf(value: unknown): Entry[] {
  const all = Array.isArray(value) ? value : [value];
  return all.flatMap((entry): Entry[] => {
    if (entry instanceof File) return [entry];
    return entry === null || entry === undefined || entry === '' ? [] : [String(entry)];
  });
}

export const namesOf = (value: unknown) => entriesOf(value).filter((entry): entry is string => typeof entry === 'string');

export const filesOf = (value: unknown) => entriesOf(value).filter((entry): entry is File => entry instanceof File);

/** Whether the server makes a small picture of it: by its name, which is all a record tells. */
export const isPicture = (name: string) => /\.(png|jpe?g|gif|webp)$/i.test(name);
