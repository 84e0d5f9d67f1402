// Who is signed in, kept by the browser until the token ends. Knows nothing of the network.

import type { RecordModel, Session } from './types';

interface Kept extends Session {
  /** When the token was given, in seconds. */
  begun?: number;
}

const KEY = 'ferrobase-session';

let current = $state.raw<Kept | null>(stored());
let ended = $state(false);

export const session = {
  /** Empty when nobody is signed in. */
  get token(): string {
    return current?.token ?? '';
  },
  get record(): RecordModel | null {
    return current?.record ?? null;
  },
  /** Whether there was a session and the server no longer accepts it. */
  get ended(): boolean {
    return ended;
  },
  /** Whether half of the token's life is over: time to ask for a fresh one. */
  get isHalfOver(): boolean {
    if (!current) return false;
    const now = Date.now() / 1000;
    return secondsLeft(current.token) < now - (current.begun ?? 0);
  },
  begin(given: Session): void {
    ended = false;
    current = { ...given, begun: Date.now() / 1000 };
    localStorage.setItem(KEY, JSON.stringify(current));
  },
  /** `expired`: not by the user's wish, so the sign-in page says why it is there. */
  end(why: 'asked' | 'expired'): void {
    // Several requests learn of one end; the first to tell says why.
    if (current !== null || why === 'asked') ended = why === 'expired';
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
