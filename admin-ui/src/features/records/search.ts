// What was typed into the filter box, as the filter that is sent.
import type { Field } from '../../api';
import { quotePattern, searchedFields } from '../../fields/relation/search';

/** The server refuses longer filters (contract 1.10); a little is kept for what others add. */
const LONGEST = 3400;
const MOST_COMPARISONS = 190;

/** Whether a text is written in the filter language: it compares something outside of quotes. */
export function isFilter(text: string): boolean {
  const outside = text.replace(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"/g, '""');
  return /[=<>~]/.test(outside);
}

/**
 * A filter is passed on as it is. Anything else is words: each has to occur in some text-like
 * field or be (part of) the id; what stands in double quotes is one word.
 */
export function toFilter(text: string, fields: Field[]): string {
  const typed = text.trim();
  if (typed === '' || isFilter(typed)) return typed;
  const names = ['id', ...searchedFields(fields).map((field) => field.name)];
  const anywhere = (word: string) => names.map((name) => `${name} ~ ${quotePattern(word)}`).join(' || ');
  const words = [...typed.matchAll(/"([^"]+)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
  const each = words.length === 1 ? anywhere(words[0]!) : words.map((word) => `(${anywhere(word)})`).join(' && ');
  const fits = new TextEncoder().encode(each).length <= LONGEST && words.length * names.length <= MOST_COMPARISONS;
  return fits ? each : anywhere(typed);
}
