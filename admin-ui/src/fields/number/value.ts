import { Malformed } from '../value';

export const blank = () => 0;

export const summary = (value: unknown) => (value === null || value === undefined ? '' : String(value));

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number a text stands for; an empty text is `empty`. Nothing is rounded in silence. */
export function parseNumber<T>(text: string, empty: T): number | T | Malformed {
  const trimmed = text.trim();
  if (trimmed === '') return empty;
  if (/^[+-]?\d+,\d+$/.test(trimmed)) return new Malformed(text, `Write the decimals behind a point: ${trimmed.replace(',', '.')}`);
  if (!NUMBER.test(trimmed)) return new Malformed(text, 'This is not a number.');
  const number = Number(trimmed);
  if (!Number.isFinite(number)) return new Malformed(text, 'This number is too large.');
  if (digits(trimmed) !== digits(String(number))) {
    return new Malformed(text, `More digits than a number can hold: it would become ${number}.`);
  }
  return number;
}

/** Sign, significant digits and power of ten, written one way: `1.50` and `15e-1` are the same. */
export function digits(text: string): string {
  const [, sign, whole = '', fraction = '', power = '0'] = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const all = (whole + fraction).replace(/^0+/, '');
  const significant = all.replace(/0+$/, '');
  if (significant === '') return '0';
  const exponent = Number(power) - fraction.length + (all.length - significant.length);
  return `${sign === '-' ? '-' : ''}${significant}e${exponent}`;
}
