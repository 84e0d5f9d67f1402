import { expect, test } from 'vitest';
import { holds } from './networks';

test.each([
  ['10.1.2.3', ['10.1.2.3']],
  ['10.1.2.3', ['192.168.0.0/16', '10.0.0.0/8']],
  ['10.1.2.3', ['0.0.0.0/0']],
  ['::ffff:10.1.2.3', ['10.1.0.0/16']],
  ['::1', ['0:0:0:0:0:0:0:1']],
  ['2001:db8:0:1::9', ['2001:DB8::/48']],
  ['10.1.2.3', [' 10.1.2.3 ']],
])('%s is among %j', (address, entries) => {
  expect(holds(entries, address)).toBe(true);
});

test.each([
  ['10.1.2.3', []],
  ['10.1.2.3', ['10.1.2.4', '10.2.0.0/16']],
  ['2001:db8:1::9', ['2001:db8::/48', '::1']],
  ['10.1.2.3', ['10.0.0.0/33', '10.0.0.300', 'nonsense', '10.0.0.0/x', '1::2::3', '']],
  ['nonsense', ['0.0.0.0/0', '::/0']],
])('%s is not among %j', (address, entries) => {
  expect(holds(entries, address)).toBe(false);
});
