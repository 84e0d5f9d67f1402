// From what a form says about files to what is sent.
import type { Field } from '../../api';
import { isMultiple } from '../options';
import { type Entry, entriesOf, filesOf, namesOf } from './value';

/**
 * The keys of a request's body. What was added and what was removed is said, not what shall be there:
 * a file that somebody else adds at the same moment stays.
 */
export function fileChange(field: Field, value: unknown, stored: unknown): Record<string, unknown> {
  const { name } = field;
  const files = filesOf(value);
  const [kept, before] = [namesOf(value), namesOf(stored)];
  const removed = before.filter((one) => !kept.includes(one));
  if (!isMultiple(field)) return files.length ? { [name]: files.at(-1) } : removed.length ? { [name]: null } : {};
  // With nothing stored there is nothing to join.
  const added = before.length ? `${name}+` : name;
  return { ...(files.length && { [added]: files }), ...(removed.length && { [`${name}-`]: removed }) };
}

/** A form's value without the names that are no longer stored: the server would refuse them. */
export function stillThere(value: unknown, stored: unknown): unknown {
  const names = namesOf(stored);
  const isThere = (entry: Entry) => entry instanceof File || names.includes(entry);
  if (Array.isArray(value)) return entriesOf(value).filter(isThere);
  return entriesOf(value).every(isThere) ? value : '';
}
