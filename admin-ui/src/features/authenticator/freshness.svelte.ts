// How somebody signs in is changed only shortly after a sign-in; the server says when that is too long ago.

import { ApiError } from '../../api';

export class Freshness {
  isStale = $state(false);

  /** Answers nothing, and says so in `isStale`, when a new sign-in has to come first. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (err) {
      if (!isStale(err)) throw err;
      this.isStale = true;
      return undefined;
    }
  }
}

/** Other refusals would not go away with a new sign-in. */
function isStale(err: unknown): boolean {
  return err instanceof ApiError && err.status === 403 && err.message.startsWith('Sign in again');
}
