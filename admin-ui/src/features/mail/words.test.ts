import { expect, test } from 'vitest';
import { counted } from '../../ui/counted';
import { nameOf } from './words';

test('one mail is not several', () => {
  expect([0, 1, 2, 1200].map((count) => counted(count, 'mail'))).toEqual(['0 mails', '1 mail', '2 mails', '1,200 mails']);
});

test('a sender is called by the name, or by the address', () => {
  expect(nameOf('Tiny Blog <hi@example.com>')).toBe('Tiny Blog');
  expect(nameOf('hi@example.com')).toBe('hi@example.com');
});
