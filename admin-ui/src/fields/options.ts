// Questions about a field's options that more than one place asks.
import type { Field } from '../api';

const option = (field: Field, name: string) => (field as unknown as Record<string, unknown>)[name];

export const isNullable = (field: Field) => extension(field).nullable === true;

/** Lists are fields with room for more than one value; 0 and 1 both mean a single one. */
export const isMultiple = (field: Field) => numberOption(field, 'maxSelect') > 1;

/** What the server puts in where nothing is sent on create. */
export const defaultOf = (field: Field): unknown => extension(field).default;

export function extension(field: Field): Record<string, unknown> {
  const ext = option(field, 'ext');
  return typeof ext === 'object' && ext !== null ? (ext as Record<string, unknown>) : {};
}

export function textOption(field: Field, name: string): string {
  const value = option(field, name);
  return typeof value === 'string' ? value : '';
}

/** A numeric option; 0 is the contract's word for "not set". */
export function numberOption(field: Field, name: string): number {
  const value = option(field, name);
  return typeof value === 'number' ? value : 0;
}

/** A bound that may be 0 and mean it. */
export function boundOption(field: Field, name: string): number | undefined {
  const value = option(field, name);
  return typeof value === 'number' ? value : undefined;
}

export const flagOption = (field: Field, name: string) => option(field, name) === true;

export function listOption(field: Field, name: string): string[] {
  const value = option(field, name);
  return Array.isArray(value) ? value.map(String) : [];
}

/** `!` of the file: required, or for numbers and bools a key that has to be sent. */
export const isRequired = (field: Field) => flagOption(field, 'required') || extension(field).sent === true;

/** Written by the server alone, whoever asks. */
export const isReadOnly = (field: Field) => field.type === 'autodate';

/** Said to nobody, superusers included: neither a column nor an input. */
export const isSecret = (field: Field) => field.name === 'tokenKey' && flagOption(field, 'system');

/** The default as a word for a placeholder: macros are said in words. */
export function defaultText(field: Field): string {
  const value = defaultOf(field);
  if (value === undefined || value === null) return '';
  if (value === '@now') return 'the moment of saving';
  if (value === '@uuid') return 'a new UUID';
  if (value === '@me') return 'the signed-in user (empty for superusers)';
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What stands in an empty input: why it is empty, or what the server will put in. */
export function placeholderOf(field: Field, value: unknown): string {
  if (value === null) return 'null';
  if (value !== undefined) return '';
  const standing = defaultText(field);
  if (standing) return `Default: ${standing}`;
  return textOption(field, 'autogeneratePattern') || extension(field).autogenerate ? 'generated' : '';
}
