import { render, screen } from '@testing-library/svelte';
import { encode } from 'uqr';
import { expect, test } from 'vitest';
import QrCode from './QrCode.svelte';
import { fileOf, grouped, leftOf } from './words';

test('a secret is typed in groups', () => {
  expect(grouped('ABCDEFGHIJ')).toBe('ABCD EFGH IJ');
  expect(grouped('')).toBe('');
});

test('what is left of the recovery codes', () => {
  expect(leftOf(10)).toMatch(/^10 recovery codes are left/);
  expect(leftOf(1)).toMatch(/^1 recovery code is left/);
  expect(leftOf(0)).toMatch(/Make new ones/);
});

test('the file of recovery codes says what they are of', () => {
  expect(fileOf(['a', 'b'], 'api.example.com', 'root@example.com').split('\n')).toEqual([
    'Recovery codes of root@example.com at api.example.com',
    'Each works once, in the place of a code of the authenticator.',
    '',
    'a',
    'b',
    '',
  ]);
});

test('a QR code is drawn square by square', () => {
  const text = 'otpauth://totp/x?secret=JBSWY3DPEHPK3PXP';
  render(QrCode, { text, label: 'The secret' });
  const drawn = screen.getByRole('img', { name: 'The secret' });
  const { data, size } = encode(text, { ecc: 'M', border: 4 });
  expect(drawn).toHaveAttribute('viewBox', `0 0 ${size} ${size}`);
  const squares = data.map((row) => row.map(() => false));
  for (const [, x, y, width] of drawn.querySelector('path')!.getAttribute('d')!.matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g))
    squares[Number(y)]!.fill(true, Number(x), Number(x) + Number(width));
  expect(squares).toEqual(data);
  expect(data.flat().filter(Boolean).length).toBeGreaterThan(100);
});
