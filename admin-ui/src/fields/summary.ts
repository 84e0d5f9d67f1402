// The part of the registry that needs no component, so that a field type may use the others'.
import type { Field, RecordModel } from '../api';
import * as autodate from './autodate/value';
import * as bool from './bool/value';
import * as date from './date/value';
import * as editor from './editor/value';
import * as email from './email/value';
import * as file from './file/value';
import * as geoPoint from './geoPoint/value';
import * as json from './json/value';
import * as number from './number/value';
import * as password from './password/value';
import * as relation from './relation/value';
import * as select from './select/value';
import * as text from './text/value';
import * as url from './url/value';
import { isNullable } from './options';
import { Malformed, oneLine } from './value';

interface Values {
  /** What the server stores where nothing is sent and there is no default. */
  blank(field: Field): unknown;
  /** The value in one line, `''` for none. */
  summary(value: unknown): string;
}

const VALUES: Record<string, Values> = {
  text, editor, number, bool, email, url, date, autodate, select, file, relation, json, password, geoPoint,
};

export const isKnownType = (type: string) => Object.hasOwn(VALUES, type);

export function blankOf(field: Field): unknown {
  return isNullable(field) ? null : (VALUES[field.type] ?? json).blank(field);
}

export function summaryOf(field: Field, value: unknown): string {
  if (value instanceof Malformed) return oneLine(value.text);
  if (value === null && field.type !== 'json') return '';
  return (VALUES[field.type] ?? json).summary(value);
}

/** A record in a few words: its presentable fields, else whatever people usually call a name. */
export function recordLabel(record: RecordModel, fields: Field[]): string {
  const named = fields.filter((field) => field.presentable && !field.hidden);
  const usual = ['title', 'name', 'label', 'subject', 'username', 'slug', 'email', 'key'];
  const candidates = named.length ? [named] : usual.map((name) => fields.filter((field) => field.name === name && !field.hidden));
  for (const some of candidates) {
    const words = some.map((field) => oneLine(summaryOf(field, record[field.name]), 80)).filter(Boolean);
    if (words.length) return words.join(' · ');
  }
  return record.id;
}
