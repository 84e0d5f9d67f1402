// What the links in mails ask for. Their tokens stand behind the `#`, which browsers do not send.

import { fieldError } from '../../api';

export type Kind = 'confirm-verification' | 'confirm-password-reset' | 'confirm-email-change';

export interface Field {
  name: 'password' | 'passwordConfirm';
  label: string;
  autocomplete: 'new-password' | 'current-password';
}

interface Asked {
  title: string;
  /** What to do before the token is sent; nothing where opening the link is enough. */
  text: string;
  fields: readonly Field[];
  button: string;
  done: string;
  doneText: string;
}

export const ASKED: Record<Kind, Asked> = {
  'confirm-verification': {
    title: 'Confirm your address',
    text: '',
    fields: [],
    button: 'Confirm',
    done: 'Your address is confirmed',
    doneText: 'You can close this page and go on where you came from.',
  },
  'confirm-password-reset': {
    title: 'Choose a new password',
    text: 'Every device that is signed in to your account will have to sign in again.',
    fields: [
      { name: 'password', label: 'New password', autocomplete: 'new-password' },
      { name: 'passwordConfirm', label: 'New password once more', autocomplete: 'new-password' },
    ],
    button: 'Set the password',
    done: 'Your password is set',
    doneText: 'You can close this page and sign in with it.',
  },
  'confirm-email-change': {
    title: 'Confirm your new address',
    text: 'Every device that is signed in to your account will have to sign in again.',
    fields: [{ name: 'password', label: 'Your password', autocomplete: 'current-password' }],
    button: 'Change the address',
    done: 'Your address is changed',
    doneText: 'You can close this page and sign in with the new address.',
  },
};

/** What a path of the dashboard confirms, and with which token. */
export function confirmationOf(path: string): { kind: Kind; token: string } | undefined {
  const [, page, kind, token, ...rest] = path.split('/');
  if (page !== 'auth' || !kind || !token || rest.length > 0 || !Object.hasOwn(ASKED, kind)) return undefined;
  return { kind: kind as Kind, token };
}

/** The collection that a token says its account is in; nothing when it says none. */
export function collectionOf(token: string): string | undefined {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const claims: unknown = JSON.parse(atob(payload));
    const id = claims && typeof claims === 'object' && 'collectionId' in claims ? claims.collectionId : undefined;
    return typeof id === 'string' && id !== '' ? id : undefined;
  } catch {
    return undefined;
  }
}

export type Values = Record<Field['name'], string>;
export type Faults = Partial<Record<Field['name'], string>>;

/** What can be said of the fields without asking the server. */
export function faultsOf(fields: readonly Field[], values: Values): Faults {
  const faults: Faults = {};
  for (const { name, label } of fields) if (values[name] === '') faults[name] = `Enter ${label.toLowerCase()}.`;
  const repeated = fields.some(({ name }) => name === 'passwordConfirm');
  if (repeated && !faults.password && !faults.passwordConfirm && values.password !== values.passwordConfirm)
    faults.passwordConfirm = 'The two passwords are not the same.';
  return faults;
}

/** What the server says of the fields. A fault of the token is nobody's field, and stands above the others. */
export function toldOf(fields: readonly Field[], err: unknown): Faults {
  if (fieldError(err, 'token')) return {};
  return Object.fromEntries(fields.map(({ name }) => [name, fieldError(err, name)]).filter(([, told]) => told));
}
