// Dates travel as `2026-01-31 09:05:00.123Z`, are edited in local time and shown in both.

export const blank = () => '';

/** What the server sent as a date, or nothing if it is none. */
export function parseDate(value: unknown): Date | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const date = new Date(value.replace(' ', 'T'));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

export const toServer = (date: Date) => date.toISOString().replace('T', ' ');

/** The value of a `datetime-local` input: local time, with milliseconds only where there are some. */
export function toInput(value: unknown): string {
  const date = parseDate(value);
  if (!date) return '';
  const fraction = date.getMilliseconds() ? `.${pad(date.getMilliseconds(), 3)}` : '';
  return `${day(date)}T${time(date)}${fraction}`;
}

/** The other way: what the server wants for the local time in the input, `''` for none. */
export function fromInput(text: string): string {
  const date = text === '' ? undefined : new Date(text);
  return date && !Number.isNaN(date.getTime()) ? toServer(date) : '';
}

/** Local time for reading, the same width in every row. */
export function local(value: unknown): string {
  const date = parseDate(value);
  return date ? `${day(date)} ${time(date)}` : String(value ?? '');
}

/** The exact moment in UTC, for a title or below an input. */
export function utc(value: unknown): string {
  const date = parseDate(value);
  return date ? `${toServer(date).slice(0, -1)} UTC` : '';
}

export const summary = local;

const pad = (number: number, width = 2) => String(number).padStart(width, '0');
const day = (date: Date) => `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
const time = (date: Date) => `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
