// The options of a field that differ from the defaults, in words.

import type { Field } from '../../api';
import { bytes } from '../../ui/bytes';

/** Short phrases, the telling ones first. Flags that have a badge of their own are not repeated. */
export function optionsOf(field: Field): string[] {
  return [...ownOptions(field), ...commonOptions(field)].filter((phrase) => phrase !== '');
}

function ownOptions(field: Field): string[] {
  switch (field.type) {
    case 'text':
      return [range(field.min, field.max, 'character'), pattern(field), generated(field)];
    case 'password':
      return [range(field.min, field.max, 'character'), pattern(field)];
    case 'number':
      return [field.onlyInt ? 'whole numbers' : '', range(field.min, field.max), field.required ? 'not 0' : ''];
    case 'bool':
      return [field.required ? 'must be true' : ''];
    case 'email':
    case 'url':
      return [domains('only', field.onlyDomains), domains('not', field.exceptDomains)];
    case 'date':
      return [field.min ? `from ${field.min}` : '', field.max ? `until ${field.max}` : ''];
    case 'autodate':
      return [[field.onCreate && 'on create', field.onUpdate && 'on update'].filter(Boolean).join(' and ')];
    case 'select':
      return [(field.values ?? []).join(', '), several(field)];
    case 'relation':
      return [several(field), onDelete(field)];
    case 'file':
      return [several(field), size(field), list('types', field.mimeTypes), list('thumbs', field.thumbs), field.protected ? 'protected' : ''];
    case 'editor':
    case 'json':
      return [size(field), field.ext?.ts ? `typed ${field.ext.ts}` : ''];
    default:
      return [];
  }
}

function commonOptions({ ext = {} }: Field): string[] {
  return [
    'default' in ext ? `default ${typeof ext.default === 'string' ? ext.default : JSON.stringify(ext.default)}` : '',
    ext.nullable ? 'may be null' : '',
    ext.sent ? 'must be sent' : '',
    ext.read ? `read by rule ${ext.read}` : '',
  ];
}

/** `0`, `null` and `""` mean that there is no bound. */
function range(min: Field['min'], max: Field['max'], unit = ''): string {
  const [low, high] = [bound(min, unit), bound(max, unit)];
  if (low === null && high === null) return '';
  const of = unit && ` ${unit}${(high ?? low) === 1 ? '' : 's'}`;
  if (low === high) return `exactly ${low}${of}`;
  if (low === null) return `at most ${high}${of}`;
  return high === null ? `at least ${low}${of}` : `${low} to ${high}${of}`;
}

/** A number of characters has no bound at 0, a value may have one there. */
function bound(value: Field['min'], unit: string): number | null {
  if (typeof value !== 'number' || (unit && value === 0)) return null;
  return value;
}

function pattern(field: Field): string {
  return field.pattern ? `pattern ${field.pattern}` : '';
}

function generated(field: Field): string {
  if (field.ext?.autogenerate) return `made by the server (${field.ext.autogenerate})`;
  return field.autogeneratePattern ? 'made by the server when empty' : '';
}

function several({ minSelect = 0, maxSelect = 0, type, values }: Field): string {
  if (maxSelect <= 1) return '';
  const unbounded = (type === 'relation' && maxSelect >= 999) || (type === 'select' && maxSelect === values?.length);
  const most = unbounded ? 'several' : `up to ${maxSelect}`;
  return minSelect > 0 ? `${most}, at least ${minSelect}` : most;
}

function onDelete(field: Field): string {
  if (field.cascadeDelete) return 'deleted along with it';
  return field.ext?.onDelete === 'block' || field.required ? 'keeps it from being deleted' : '';
}

function domains(word: string, names: string[] | null | undefined): string {
  return names?.length ? `${word} ${names.join(', ')}` : '';
}

function list(word: string, entries: string[] | null | undefined): string {
  return entries?.length ? `${word} ${entries.join(', ')}` : '';
}

function size({ maxSize = 0 }: Field): string {
  return maxSize > 0 ? `at most ${bytes(maxSize)}` : '';
}
