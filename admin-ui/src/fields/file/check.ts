// What is known before a file is sent: its size, what the browser takes it for, and how many there are.
import type { Field } from '../../api';
import { bytes } from '../../ui/bytes';
import { isMultiple, listOption, numberOption } from '../options';

export const sizeLimit = (field: Field) => numberOption(field, 'maxSize') || 5 * 1024 * 1024;

export const countLimit = (field: Field) => (isMultiple(field) ? numberOption(field, 'maxSelect') : 1);

/** Those of `given` that the field takes where there is `room` for so many, and why not the others. */
export function sift(field: Field, given: File[], room: number): { taken: File[]; refused: string[] } {
  const taken: File[] = [];
  const refused: string[] = [];
  const crowded: string[] = [];
  for (const file of given) {
    const fault = faultOf(field, file);
    if (fault) refused.push(fault);
    else if (taken.length < room) taken.push(file);
    else crowded.push(file.name);
  }
  if (crowded.length) refused.push(`${enumerated(crowded)} left out: ${fullWords(field)}`);
  return { taken, refused };
}

function faultOf(field: Field, file: File): string | undefined {
  const max = sizeLimit(field);
  if (file.size > max) return `${file.name} is too large: ${bytes(file.size)}, at most ${bytes(max)}.`;
  if (isOtherType(file.type, listOption(field, 'mimeTypes'))) {
    return `${file.name} is of another type: ${typeWord(file.type)}, accepted are ${acceptedWords(field)}.`;
  }
  return undefined;
}

function fullWords(field: Field): string {
  const max = countLimit(field);
  return max === 1 ? 'there is room for one file.' : `there is room for ${max} files.`;
}

function enumerated(names: string[]): string {
  if (names.length > 3) return `${names.length} files were`;
  return `${names.join(', ')} ${names.length === 1 ? 'was' : 'were'}`;
}

/** Types that browsers and servers call alike. */
const PLAIN = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'application/pdf'];
const SHOWN = ['image', 'audio', 'video'];

/**
 * Whether it is surely none of these types. A browser goes by the end of the name, the server by what
 * is in the file: where they may differ (a CSV is `text/plain` to one, a spreadsheet to the other), it
 * is sent and the server says.
 */
export function isOtherType(type: string, accepted: string[]): boolean {
  const fits = (one: string) => (one.endsWith('*') ? type.startsWith(one.slice(0, -1)) : one.split(';')[0] === type);
  if (type === '' || accepted.length === 0 || accepted.some(fits)) return false;
  if (PLAIN.includes(type)) return true;
  const main = kind(type);
  const mains = accepted.map(kind);
  if (mains.includes(main)) return false;
  return SHOWN.includes(main) || (main === 'text' && mains.every((one) => SHOWN.includes(one)));
}

/** `image`, `text`; a container such as Ogg may be called either of sound and moving pictures. */
function kind(type: string): string {
  const main = type.split('/')[0]!;
  return main === 'video' ? 'audio' : main;
}

/** The types of a field in a few words, `''` where all are taken. */
export function acceptedWords(field: Field): string {
  const words = [...new Set(listOption(field, 'mimeTypes').map(typeWord))];
  return words.length > 4 ? `${words.slice(0, 3).join(', ')} and ${words.length - 3} other types` : words.join(', ');
}

function typeWord(type: string): string {
  const groups: Record<string, string> = { 'image/*': 'pictures', 'video/*': 'videos', 'audio/*': 'sound', 'text/*': 'text' };
  const sub = (type.split('/')[1] ?? type).split(/[;+]/)[0]!;
  return groups[type] ?? (/^[a-z0-9]{2,5}$/.test(sub) && sub !== 'plain' ? sub.toUpperCase() : type);
}
