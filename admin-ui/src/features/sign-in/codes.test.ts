import { expect, test } from 'vitest';
import { ApiError } from '../../api';
import { compact, faultOfAuthenticator, faultOfMailed, faultOfRecovery, refusalOf, refusalOfCode } from './codes';

test('blanks between groups do not count', () => {
  expect(compact(' 123 456\n')).toBe('123456');
});

test('six digits are a code of the app, and a recovery code is taken in their place', () => {
  for (const good of ['000000', '123456', 'abcd-ef12-3456-zzzz', 'ABCDEF123456ZZZZ']) expect(faultOfAuthenticator(good), good).toBe('');
  for (const bad of ['', '12345', '1234567', '12345a', 'abcd-ef12-3456']) expect(faultOfAuthenticator(bad), bad).not.toBe('');
});

test('a recovery code is four groups of four, with or without dashes', () => {
  for (const good of ['abcd-ef12-3456-zzzz', 'abcdef123456zzzz']) expect(faultOfRecovery(good), good).toBe('');
  for (const bad of ['', '123456', 'abcd-ef12-3456-zzz', 'abcd_ef12_3456_zzzz', 'abcd-ef12-3456-zzzz-1111']) expect(faultOfRecovery(bad), bad).not.toBe('');
});

test('a mailed code may look like anything', () => {
  expect(faultOfMailed('x')).toBe('');
  expect(faultOfMailed('')).not.toBe('');
});

test('what the server says is told so that one can act on it', () => {
  expect(refusalOfCode(new ApiError(400, 'Failed to authenticate.'))).toContain('start again');
  expect(refusalOfCode(new ApiError(429, 'Too many.', {}, 120))).toBe('Too many tries. Try again in 2 minutes.');
  expect(refusalOf(new ApiError(400, 'Codes are off.'))).toBe('Codes are off.');
  expect(refusalOf(new Error('No.'))).toBe('No.');
});
