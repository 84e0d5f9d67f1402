// Somebody else saved between load and save. Three versions of a field: as it was loaded, theirs
// (stored now) and mine (in the form). Nothing is decided here that a person cannot change.
import type { Collection, Field, RecordModel } from '../../api';
import { stillThere } from '../../fields/file/change';
import { sameValue } from '../../fields/value';
import { type Draft, writableFields } from './changes';

export type Choice = 'theirs' | 'mine';

export interface Difference {
  field: Field;
  loaded: unknown;
  theirs: unknown;
  mine: unknown;
  /** Both changed it, and not to the same. */
  conflict: boolean;
  /** What stands until somebody chooses: mine where I changed it, else theirs. */
  preset: Choice;
}

/** Whether a save over `stored` could undo somebody's work. Dates the server sets do not count. */
export function changedMeanwhile(loaded: RecordModel, stored: RecordModel, collection: Collection): boolean {
  return collection.fields.some(
    (field) => field.type !== 'autodate' && !sameValue(loaded[field.name], stored[field.name]),
  );
}

/** Every field that somebody changed, in the order of the collection. Files that are gone are in no choice. */
export function differences(loaded: RecordModel, stored: RecordModel, draft: Draft, collection: Collection): Difference[] {
  return writableFields(collection, false).flatMap((field) => {
    const { name } = field;
    const versions = { loaded: loaded[name], theirs: stored[name], mine: draft[name] ?? loaded[name] };
    const iChanged = field.type === 'password' ? Boolean(draft[name]) : !sameValue(versions.mine, versions.loaded);
    const theyChanged = !sameValue(versions.theirs, versions.loaded);
    if (!iChanged && !theyChanged) return [];
    if (field.type === 'file') versions.mine = stillThere(versions.mine, versions.theirs);
    const conflict = iChanged && theyChanged && !sameValue(versions.mine, versions.theirs);
    return [{ field, ...versions, conflict, preset: iChanged ? 'mine' : 'theirs' } as const];
  });
}

/** The draft after the choices, to be compared with what is stored now: only the rest is sent. */
export function merged(stored: RecordModel, draft: Draft, chosen: Difference[], choices: Record<string, Choice>): Draft {
  const result: Draft = { ...draft };
  for (const { field, theirs, mine, preset } of chosen) {
    const choice = choices[field.name] ?? preset;
    result[field.name] = choice === 'mine' ? mine : field.type === 'password' ? undefined : theirs;
  }
  for (const name of Object.keys(draft)) {
    if (!chosen.some((difference) => difference.field.name === name) && name in stored) result[name] = stored[name];
  }
  return result;
}
