// Who is signed in, kept by the browser until the token ends. Knows nothing of the network.

import type { RecordModel, Session } from './types';

interface Kept extends Session {
  /** When the token was given, in seconds. */
  begun?: number;
}

/** `expired`: not by the user's wish; `stale`: what was asked for takes a sign-in that is not long ago. */
type Why = 'asked' | 'expired' | 'stale';

const KEY = 'ferrobase-session';

let current = $state.raw<Kept | null>(stored());
let ended: Why = $state('asked');

export const session = {
  /** Empty when nobody is signed in. */
  get token(): string {
    return current?.token ?? '';
  },
  get record(): RecordModel | null {
    return current?.record ?? null;
  },
  /** Why nobody is signed in any more. */
  get ended(): Why {
    return ended;
  },
  /** Whether half of the token's life is over: time to ask for a fresh one. */
  get isHalfOver(): boolean {
    if (!current) return false;
    const now = Date.now() / 1000;
    return secondsLeft(current.token) < now - (current.begun ?? 0);
  },
  begin(given: Session): void {
    ended = 'asked';
    current = { ...given, begun: Date.now() / 1000 };
    localStorage.setItem(KEY, JSON.stringify(current));
  },
  /** The sign-in page tells why it is there, unless that was asked for. */
  end(why: Why): void {
    // Several requests learn of one end; the first to tell says why.
    if (current !== null || why === 'asked') ended = why;
    current = null;
    localStorage.removeItem(KEY);
  },
};

/** The seconds that a token still has to live, by its own word. */
export function secondsLeft(token: string): number {
  return (claims(token)?.exp ?? 0) - Date.now() / 1000;
}

function claims(token: string): { exp?: number } | null {
  try {
    return JSON.parse(atob((token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')));
  } catch {
    return null;
  }
}

function stored(): Kept | null {
  try {
    const given = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Kept | null;
    return given?.token && secondsLeft(given.token) > 0 ? given : null;
  } catch {
    return null;
  }
}

// Signing in or out in another tab counts for this one.
window.addEventListener('storage', (event) => {
  if (event.key === KEY) current = stored();
});
