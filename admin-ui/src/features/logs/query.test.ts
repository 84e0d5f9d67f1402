import { expect, test } from 'vitest';
import { change, filterOf, readQuery } from './query';

const now = Date.parse('2026-01-02T10:00:00Z');
const read = (text: string) => readQuery(new URLSearchParams(text));

test.each([
  ['', ''],
  ['filter=Missing+post', `message ~ "Missing post"`],
  ['filter=level+>+0+||+data.status=500', '(level > 0 || data.status=500)'],
  ['level=errors&method=POST', "level >= 8 && data.method = 'POST'"],
  ['status=4', 'data.status >= 400 && data.status < 500'],
  ['since=hour', "created >= '2026-01-02 09:00:00.000Z'"],
  ['from=2026-01-01T10:00:00.000Z&to=2026-01-01T11:00:00.000Z', "created >= '2026-01-01 10:00:00.000Z' && created < '2026-01-01 11:00:00.000Z'"],
  ['level=all&method=DROP&status=9&since=ever&from=then', ''],
])('%s', (address, filter) => {
  expect(filterOf(read(address), now)).toBe(filter);
});

test('a part of the chart and a period take each other’s place', () => {
  const hour = read('since=hour&level=errors');
  const part = change(hour, { from: '2026-01-01T10:00:00.000Z', to: '2026-01-01T11:00:00.000Z' });
  expect(part).toMatchObject({ since: '', level: 'errors', from: '2026-01-01T10:00:00.000Z' });
  expect(change(readQuery(new URLSearchParams(part)), { since: 'day' })).toMatchObject({ since: 'day', from: '', to: '' });
});
