// The token that addresses of protected files carry: one for all of them, fetched when something
// wants it. No timer fetches it, or a page that nobody looks at would keep its session alive.
import { untrack } from 'svelte';
import { api } from '../../api';
import { secondsLeft, session } from '../../session.svelte';

let kept: { token: string; of: string | undefined } | undefined = $state.raw();
let until = 0;
let fetching: Promise<void> | undefined;

export const fileToken = {
  /** Empty before there is one. */
  get current(): string {
    return kept && kept.of === session.record?.id ? kept.token : '';
  },

  /** Whether it is good for a while yet. */
  get isFresh(): boolean {
    return this.current !== '' && Date.now() < until;
  },

  /** Sees to it that there is a fresh one; a failure leaves the old one. */
  ensure(): Promise<void> {
    if (untrack(() => this.isFresh)) return Promise.resolve();
    fetching ??= fetchToken().catch(() => undefined).finally(() => (fetching = undefined));
    return fetching;
  },
};

async function fetchToken(): Promise<void> {
  const of = untrack(() => session.record?.id);
  const token = await api.files.token();
  until = Date.now() + secondsLeft(token) * 800;
  kept = { token, of };
}
