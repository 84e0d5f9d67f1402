// Why a definition is not edited here.

import { fileName } from '../../ui/paths';
import type { Collection, ConfigState, DeclaredCollection } from '../../api';

/** Whether authenticators are switched here: superusers may always have one, and what the file says is changed there. */
export function mayOfferAuthenticators(collection: Collection, state: ConfigState | null, declared: DeclaredCollection | undefined): boolean {
  return collection.type === 'auth' && !collection.system && state !== null && !state.locked && !declared?.managed;
}

export function whyReadOnly(collection: Collection, state: ConfigState | null, declared: DeclaredCollection | undefined): string {
  if (collection.system) return 'It belongs to Ferrobase itself and is the same on every server.';
  if (declared?.managed) {
    const place = `It comes from ${fileName(declared.file)}, line ${declared.line}.`;
    return state?.locked
      ? `${place} Change it there; the server applies it when it starts again.`
      : `${place} Change it there; while “ferrobase dev” runs, saving the file applies it.`;
  }
  const origin = state?.source === 'file' ? 'It is not in the config file: it was made through the API.' : 'It was made through the API.';
  return `${origin} Editing it here comes in a later version.`;
}
