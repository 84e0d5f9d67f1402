// What an input's limits are, in a few words beside its name.
import type { Field } from '../../api';
import { acceptedWords, sizeLimit } from '../../fields/file/check';
import { bytes } from '../../ui/bytes';
import { boundOption, flagOption, isMultiple, listOption, numberOption, textOption } from '../../fields/options';
import { local } from '../../fields/date/value';

export function hintOf(field: Field): string {
  const hints = limits(field);
  if (field.type === 'number' && flagOption(field, 'onlyInt')) hints.unshift('whole number');
  if (isMultiple(field) && field.type === 'select') hints.push(`up to ${numberOption(field, 'maxSelect')}`);
  const only = listOption(field, 'onlyDomains');
  if (only.length) hints.push(`only ${only.join(', ')}`);
  return hints.join(' · ');
}

function limits(field: Field): string[] {
  switch (field.type) {
    case 'text':
    case 'password': {
      if (field.name === 'id') return [];
      const [min, max] = [numberOption(field, 'min'), numberOption(field, 'max')];
      return range(min || undefined, max || undefined, 'characters');
    }
    case 'number':
      return range(boundOption(field, 'min'), boundOption(field, 'max'), '');
    case 'date': {
      const [min, max] = [textOption(field, 'min'), textOption(field, 'max')];
      return [min && `from ${local(min)}`, max && `until ${local(max)}`].filter(Boolean);
    }
    case 'file':
      return [acceptedWords(field), `at most ${bytes(sizeLimit(field))}${isMultiple(field) ? ' each' : ''}`].filter(Boolean);
    case 'relation':
      return numberOption(field, 'minSelect') > 0 ? [`at least ${numberOption(field, 'minSelect')}`] : [];
    default:
      return [];
  }
}

function range(min: number | undefined, max: number | undefined, unit: string): string[] {
  if (min === undefined && max === undefined) return [];
  const text = min === undefined ? `at most ${max}` : max === undefined ? `at least ${min}` : min === max ? `exactly ${min}` : `${min} to ${max}`;
  return [unit ? `${text} ${unit}` : text];
}
