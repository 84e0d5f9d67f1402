// What a save sends: the keys a person touched, and nothing the server would decide by itself.
import type { Collection, Field, RecordModel } from '../../api';
import { fileChange } from '../../fields/file/change';
import { isReadOnly, isSecret } from '../../fields/options';
import { toBody } from '../../fields/json/value';
import { Malformed, sameValue } from '../../fields/value';

/** A record being edited. An undefined key was not touched: on create the server's default acts. */
export type Draft = Record<string, unknown>;

/** The fields a person can write, in the order of the collection. */
export function writableFields(collection: Collection, creating: boolean): Field[] {
  if (collection.type === 'view') return [];
  return collection.fields.filter(
    (field) => !isReadOnly(field) && !isSecret(field) && (field.name !== 'id' || creating),
  );
}

/** The draft of a record as it was loaded: passwords are never read, so they begin untouched. */
export function draftOf(record: RecordModel, collection: Collection): Draft {
  const names = writableFields(collection, false).filter((field) => field.type !== 'password').map((field) => field.name);
  return structuredClone(Object.fromEntries(names.map((name) => [name, record[name]])));
}

/** The keys of the draft that differ from the record, all that were touched where there is none. */
export function changedKeys(draft: Draft, record: RecordModel | undefined, collection: Collection): string[] {
  const names = writableFields(collection, !record).map((field) => field.name);
  return names.filter((name) => {
    const value = draft[name];
    if (value === undefined) return false;
    const field = collection.fields.find((candidate) => candidate.name === name)!;
    if (field.type === 'password') return value !== '';
    if (!record) return true;
    return !sameValue(value, record[name]);
  });
}

/** The draft of a copy. Files belong to their record, so the new one begins without. */
export function copyOf(record: RecordModel, collection: Collection): Draft {
  const files = collection.fields.filter((field) => field.type === 'file').map((field) => [field.name, undefined]);
  return { ...draftOf(record, collection), ...Object.fromEntries(files) };
}

/** The request's body for these keys. A password of an auth collection goes with its confirmation. */
export function bodyOf(draft: Draft, keys: string[], collection: Collection, record?: RecordModel): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const key of keys) {
    const field = collection.fields.find((candidate) => candidate.name === key);
    if (field?.type === 'file') Object.assign(body, fileChange(field, draft[key], record?.[key]));
    else body[key] = field?.type === 'json' ? toBody(draft[key]) : draft[key];
  }
  if (collection.type === 'auth' && 'password' in body) body.passwordConfirm = draft.passwordConfirm ?? '';
  return body;
}

/** The inputs whose text makes no value, with what is wrong. */
export function malformed(draft: Draft): Record<string, string> {
  const entries = Object.entries(draft).filter((entry): entry is [string, Malformed] => entry[1] instanceof Malformed);
  return Object.fromEntries(entries.map(([name, value]) => [name, value.message]));
}
