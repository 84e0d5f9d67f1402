// Reads the index texts of a collection, as far as the page wants to say them in words.

import type { Collection } from '../../api';

export interface Index {
  unique: boolean;
  /** In order, as written but without quotes. */
  columns: string[];
  where: string | undefined;
}

const INDEX = /^\s*CREATE\s+(UNIQUE\s+)?INDEX\s.*?\sON\s+\S+?\s*\((.*?)\)\s*(?:WHERE\s+(.*?))?\s*;?\s*$/is;

/** null for what is not plain, such as an index over an expression. */
export function parseIndex(text: string): Index | null {
  const match = INDEX.exec(text);
  const inside = match?.[2];
  if (!match || inside === undefined || inside.includes('(')) return null;
  const columns = inside.split(',').map((column) => column.replace(/[`"[\]]/g, '').trim());
  return { unique: match[1] !== undefined, columns, where: match[3] };
}

/** The fields whose value no two records share. */
export function uniqueFields(collection: Collection): Set<string> {
  const alone = collection.indexes.map(parseIndex).filter((index) => index?.unique && index.columns.length === 1);
  return new Set(alone.map((index) => index?.columns[0]?.split(/\s/)[0] ?? ''));
}
