import { expect, test } from 'vitest';
import { ApiError } from '../../api';
import { ASKED, collectionOf, confirmationOf, faultsOf, toldOf } from './confirm';

const reset = ASKED['confirm-password-reset'].fields;

test('only the links of mails are confirmations', () => {
  expect(confirmationOf('/auth/confirm-verification/a.b.c')).toEqual({ kind: 'confirm-verification', token: 'a.b.c' });
  for (const path of ['/', '/auth', '/auth/confirm-verification', '/auth/confirm-verification/', '/auth/toString/x', '/x/confirm-verification/a', '/auth/confirm-verification/a/b'])
    expect(confirmationOf(path), path).toBeUndefined();
});

test('the token says which collection its account is in', () => {
  const token = (claims: unknown) => `x.${btoa(JSON.stringify(claims)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}.y`;
  expect(collectionOf(token({ collectionId: 'pbc_1', id: '???>>>' }))).toBe('pbc_1');
  for (const bad of ['', 'x', 'x.y.z', token({}), token({ collectionId: 5 }), token(null)]) expect(collectionOf(bad), bad).toBeUndefined();
});

test('what is missing or differs is said before anything is sent', () => {
  expect(faultsOf(reset, { password: '', passwordConfirm: '' })).toEqual({
    password: 'Enter new password.',
    passwordConfirm: 'Enter new password once more.',
  });
  expect(faultsOf(reset, { password: 'a', passwordConfirm: 'b' })).toEqual({ passwordConfirm: 'The two passwords are not the same.' });
  expect(faultsOf(reset, { password: 'a', passwordConfirm: 'a' })).toEqual({});
  expect(faultsOf([], { password: '', passwordConfirm: '' })).toEqual({});
});

test('what the server says stands at its field, unless the link itself is not good', () => {
  const fault = (message: string) => ({ code: 'validation_x', message });
  expect(toldOf(reset, new ApiError(400, 'No.', { password: fault('Too short.') }))).toEqual({ password: 'Too short.' });
  const both = new ApiError(400, 'No.', { password: fault('Wrong.'), token: fault('Used.') });
  expect(toldOf(reset, both)).toEqual({});
});
