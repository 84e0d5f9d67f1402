// What every field type has in common: what a value is before it is one, and when two are the same.
// Knows no field type by name and nothing of the server.

/**
 * Text in an input that does not make a value. It stands in the record being edited where the
 * value would stand, so that the form can refuse to save it without asking each input.
 */
export class Malformed {
  readonly text: string;
  readonly message: string;

  constructor(text: string, message: string) {
    this.text = text;
    this.message = message;
  }
}

/** JSON equality: the order of keys does not matter, a missing key is an undefined one. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  // What is in a file is not looked at: two are never the same.
  if (a instanceof Blob || b instanceof Blob) return false;
  if (a instanceof Malformed || b instanceof Malformed) {
    return a instanceof Malformed && b instanceof Malformed && a.text === b.text;
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameValue(item, b[i]))
    );
  }
  if (isObject(a) && isObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => sameValue(a[key], b[key]));
  }
  return false;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A list of texts, whatever the field holds: one value, several or none. */
export function texts(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return value === null || value === undefined || value === '' ? [] : [String(value)];
}

/** One line for a cell, a title or a comparison: white space collapsed, cut at `max` characters. */
export function oneLine(text: string, max = 200): string {
  const line = text.slice(0, max * 8).replace(/\s+/g, ' ').trim();
  return line.length > max ? `${line.slice(0, max - 1).trimEnd()}…` : line;
}
