import { expect, test } from 'vitest';
import { faultOf, isByClock, nameOf } from './names';

test('the ending need not be typed', () => {
  expect(['', '  ', 'before', ' before.zip '].map(nameOf)).toEqual(['', '', 'before.zip', 'before.zip']);
});

test('names are the server’s', () => {
  expect(['', 'a.zip', 'before_upgrade-2.zip'].map(faultOf)).toEqual([undefined, undefined, undefined]);
  expect(faultOf('Before.zip')).toMatch(/small letters/);
  expect(faultOf('a b.zip')).toMatch(/small letters/);
  expect(faultOf(`${'a'.repeat(150)}.zip`)).toMatch(/150/);
});

test('those of the clock are known by their name', () => {
  expect(isByClock('@auto_pb_backup_acme_20260101000000.zip')).toBe(true);
  expect(isByClock('pb_backup_acme.zip')).toBe(false);
});
