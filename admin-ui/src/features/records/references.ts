// Which fields of which collections point to records that are about to be deleted, and what the
// server does to those in turn (contract 3.6). Counts are asked for only where they are cheap.
import type { Collection, Field } from '../../api';
import { extension, flagOption, isMultiple, isRequired } from '../../fields/options';
import { quote } from '../../fields/relation/search';

/** What happens to the record that points: deleted as well, the delete refused, or the value emptied. */
export type Effect = 'cascade' | 'block' | 'clear';

export interface Reference {
  collection: Collection;
  field: Field;
  effect: Effect;
  /** A list is only shortened while it holds others: the effect acts when the last entry goes. */
  several: boolean;
  /** Collections whose records go with those, and so on. */
  further: string[];
}

export function referencesTo(target: Collection, all: Collection[]): Reference[] {
  return pointing(target, all).map(({ collection, field }) => ({
    collection,
    field,
    effect: effectOf(field),
    several: isMultiple(field),
    further: effectOf(field) === 'cascade' ? cascading(collection, all, new Set([target.id, collection.id])) : [],
  }));
}

function pointing(target: Collection, all: Collection[]): { collection: Collection; field: Field }[] {
  return all
    .filter((collection) => collection.type !== 'view')
    .flatMap((collection) =>
      collection.fields
        .filter((field) => field.type === 'relation' && (field as { collectionId?: string }).collectionId === target.id)
        .map((field) => ({ collection, field })),
    );
}

function effectOf(field: Field): Effect {
  if (flagOption(field, 'cascadeDelete')) return 'cascade';
  return isRequired(field) || extension(field).onDelete === 'block' ? 'block' : 'clear';
}

function cascading(from: Collection, all: Collection[], seen: Set<string>): string[] {
  const next = pointing(from, all).filter(({ collection, field }) => effectOf(field) === 'cascade' && !seen.has(collection.id));
  const names = [...new Set(next.map(({ collection }) => collection.name))];
  for (const { collection } of next) seen.add(collection.id);
  const deeper = next.flatMap(({ collection }) => cascading(collection, all, seen));
  return [...new Set([...names, ...deeper])];
}

/** A filter ends at 3500 bytes and at 200 comparisons. */
const LONGEST = 3300;
const MOST_FILTERS = 10;

/**
 * The filters whose totals add up to the records that point to these ids, or nothing if that
 * would take too many requests or count a record twice.
 */
export function countFilters(reference: Reference, ids: string[]): string[] | undefined {
  // A list is compared as the JSON text of itself, so membership is asked by way of the target's id.
  const condition = (id: string) =>
    reference.several ? `${reference.field.name}.id ?= ${quote(id)}` : `${reference.field.name} = ${quote(id)}`;
  const chunks = joined(ids.map(condition));
  return chunks.length > MOST_FILTERS || (reference.several && chunks.length > 1) ? undefined : chunks;
}

function joined(conditions: string[]): string[] {
  const chunks: string[] = [];
  let many = 0;
  for (const condition of conditions) {
    const last = chunks.at(-1);
    if (last !== undefined && last.length + condition.length + 4 <= LONGEST && many < 190) {
      chunks[chunks.length - 1] = `${last} || ${condition}`;
      many++;
    } else {
      chunks.push(condition);
      many = 1;
    }
  }
  return chunks;
}

/** What a person reads about one reference before records are deleted. */
export function describe(reference: Reference, count: number | undefined, many: number): string {
  const { collection, field, effect, several, further } = reference;
  const one = count === 1;
  const who = count === undefined ? `Records of ${collection.name}` : `${count} ${one ? 'record' : 'records'} of ${collection.name}`;
  const verb = (singular: string, plural: string) => (one ? singular : plural);
  const refused = many === 1 ? 'the delete is refused' : `what ${verb('it points', 'they point')} to is not deleted`;
  const trimmed = `${verb('loses', 'lose')} the entry in “${field.name}”`;
  const what = {
    cascade: several ? `${trimmed}, or ${verb('goes', 'go')} as well if it was the last` : `${verb('goes', 'go')} as well (by “${field.name}”)`,
    block: several ? `${trimmed}; if it was the last, ${refused}` : `${verb('needs', 'need')} “${field.name}”: ${refused}`,
    clear: several ? trimmed : `${verb('keeps', 'keep')} “${field.name}” empty`,
  }[effect];
  const chain = further.length ? `, and with ${verb('it', 'them')} what points to ${verb('it', 'them')} in ${further.join(', ')}` : '';
  return `${who} ${what}${chain}.`;
}
