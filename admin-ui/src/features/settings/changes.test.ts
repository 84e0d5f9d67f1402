import { expect, test } from 'vitest';
import { ApiError } from '../../api';
import { changesOf, faultsOf, isWithin, putAt, valueAt } from './changes';

const before = { meta: { appName: 'Blog', appURL: 'http://a' }, superuserIPs: ['10.0.0.1'], smtp: { enabled: false, port: 25 } };

test('only what differs is sent, lists as a whole', () => {
  const after = structuredClone(before);
  expect(changesOf(before, after)).toBeUndefined();
  after.meta.appName = 'News';
  after.superuserIPs.push('10.0.0.2');
  expect(changesOf(before, after)).toEqual({ meta: { appName: 'News' }, superuserIPs: ['10.0.0.1', '10.0.0.2'] });
});

test('a secret that was not touched is not sent, one that is taken away is', () => {
  const after: Record<string, unknown> = { smtp: { enabled: false, port: 25, password: undefined } };
  expect(changesOf(before, after)).toBeUndefined();
  putAt(after, 'smtp.password', '');
  expect(changesOf(before, after)).toEqual({ smtp: { password: '' } });
});

test('values are read and put at their paths', () => {
  const tree = structuredClone(before);
  putAt(tree, 'smtp.port', 465);
  putAt(tree, 'superuserIPs', []);
  putAt(tree, 'nowhere.port', 1);
  expect([valueAt(tree, 'smtp.port'), valueAt(tree, 'superuserIPs'), valueAt(tree, 'nowhere.port')]).toEqual([465, [], undefined]);
});

test('a refusal tells what is wrong where, and what the config file has a say in', () => {
  const err = new ApiError(400, 'No.', {
    meta: { appName: { code: 'validation_set_by_config_file', message: 'The config file sets it.' } },
    rateLimits: { rules: { 2: { label: { code: 'validation_match_invalid', message: 'Must be a label.' } } } },
    superuserIPs: { 0: { code: 'validation_invlaid_ip_or_subnet', message: 'Must be an address.' } },
  });
  expect(faultsOf(err)).toEqual({
    messages: { 'rateLimits.rules.2.label': 'Must be a label.', 'superuserIPs.0': 'Must be an address.' },
    pinned: ['meta.appName'],
  });
  expect(faultsOf(new Error('away'))).toEqual({ messages: {}, pinned: [] });
});

test('a path lies in a place by whole names', () => {
  expect(isWithin('smtp.host', ['smtp'])).toBe(true);
  expect(isWithin('s3.bucket', ['s', 's3.bucket.x'])).toBe(false);
});
