// Which fields are columns: chosen in the address, else kept in the browser, else by default.
import type { Collection, Field } from '../../api';
import { isSecret } from '../../fields/options';

const MOST_BY_DEFAULT = 9;
const LONG = ['editor', 'json', 'password'];

/** Every field that can be a column, the label of the record first. */
export function possibleColumns(collection: Collection): Field[] {
  const fields = collection.fields.filter((field) => !isSecret(field) && field.type !== 'password');
  const rank = (field: Field) => (field.presentable ? 0 : field.name === 'id' ? 1 : field.type === 'autodate' ? 3 : 2);
  return [...fields].sort((a, b) => rank(a) - rank(b));
}

export function defaultColumns(collection: Collection): string[] {
  const shown = possibleColumns(collection).filter(
    (field) => !field.hidden && !LONG.includes(field.type) && field.name !== 'emailVisibility',
  );
  const dates = shown.filter((field) => field.type === 'autodate').slice(-1);
  const others = shown.filter((field) => field.type !== 'autodate');
  return [...others.slice(0, MOST_BY_DEFAULT - dates.length), ...dates].map((field) => field.name);
}

/** The columns of an address or of the browser's memory; names that are gone are left out. */
export function chosenColumns(text: string | null, collection: Collection): string[] | undefined {
  if (text === null) return undefined;
  const wanted = new Set(text.split(','));
  const names = possibleColumns(collection).map((field) => field.name).filter((name) => wanted.has(name));
  return names.length ? names : undefined;
}

export function columnsOf(collection: Collection, inAddress: string | null, storage: Pick<Storage, 'getItem'>): Field[] {
  const names =
    chosenColumns(inAddress, collection) ??
    chosenColumns(storage.getItem(memory(collection)), collection) ??
    defaultColumns(collection);
  return possibleColumns(collection).filter((field) => names.includes(field.name));
}

/** Keeps a choice in the browser; the default needs no memory, so that new fields appear. */
export function rememberColumns(collection: Collection, names: string[], storage: Pick<Storage, 'setItem' | 'removeItem'>): void {
  const chosen = names.join(',');
  if (chosen === defaultColumns(collection).join(',')) storage.removeItem(memory(collection));
  else storage.setItem(memory(collection), chosen);
}

const memory = (collection: Collection) => `ferrobase.columns.${collection.id}`;

/** What a list request asks for: long texts are cut by the server, the rest of the row is whole. */
export function fieldsParam(columns: Field[], collection: Collection): string {
  const always = ['id', 'collectionId', 'collectionName', 'expand'];
  const shown = columns.map((field) => (field.type === 'editor' ? `${field.name}:excerpt(200,true)` : field.name));
  const label = collection.fields.filter((field) => field.presentable && !isSecret(field)).map((field) => field.name);
  return [...new Set([...always, ...shown, ...label])].join(',');
}

export const expandParam = (columns: Field[]) =>
  columns.filter((field) => field.type === 'relation').map((field) => field.name).join(',');
