// What the token of a set-up link says about itself.

import { secondsLeft } from '../../session.svelte';

export type RefusedLink = 'used' | 'expired';

/** Why the server does not accept a link: its half hour is over, or it has done its work. */
export function refused(token: string): RefusedLink {
  return secondsLeft(token) > 0 ? 'used' : 'expired';
}

export interface Values {
  email: string;
  password: string;
  passwordConfirm: string;
}

export type Faults = Partial<Record<keyof Values, string>>;

/** What can be said without asking the server. */
export function faultsOf(values: Values): Faults {
  const faults: Faults = {};
  const { length } = [...values.password];
  if (!/^\S+@\S+$/.test(values.email)) faults.email = 'Enter an e-mail address, such as you@example.com.';
  if (length < 8) faults.password = 'Enter at least 8 characters.';
  else if (length > 71) faults.password = 'Enter at most 71 characters.';
  if (values.passwordConfirm !== values.password) faults.passwordConfirm = 'The two passwords are not the same.';
  return faults;
}
