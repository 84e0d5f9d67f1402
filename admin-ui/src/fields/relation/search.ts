// What the relation picker asks the server, and how it writes what a person typed into a filter.
import type { Field } from '../../api';
import { isSecret } from '../options';

const SEARCHED = ['text', 'editor', 'email', 'url', 'select', 'file'];

/** Quotes a text for the filter language. */
export function quote(text: string): string {
  const escaped = text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t');
  return `"${escaped}"`;
}

/** Quotes a text for `~`: a percent sign in it is one, not a wildcard. */
export const quotePattern = (text: string) => quote(text).replace(/%/g, '\\%');

/** The fields that words are looked for in. */
export const searchedFields = (fields: Field[]) =>
  fields.filter((field) => SEARCHED.includes(field.type) && !isSecret(field) && field.name !== 'id');

/** Words in the label, or in the text-like fields where nothing is presentable; an id as well. */
export function pickerFilter(words: string, fields: Field[]): string {
  const text = words.trim();
  if (text === '') return '';
  const searched = searchedFields(fields);
  const presentable = searched.filter((field) => field.presentable);
  const names = ['id', ...(presentable.length ? presentable : searched).map((field) => field.name)];
  return names.map((name) => `${name} ~ ${quotePattern(text)}`).join(' || ');
}

/** The records with these ids. At most about a hundred, since a client's filter ends at 3500 bytes. */
export const idsFilter = (ids: string[], path = 'id') => ids.map((id) => `${path} = ${quote(id)}`).join(' || ');
