import { beforeEach, expect, test, vi } from 'vitest';
import type { LogEntry } from '../../api';
import { Logs } from './logs.svelte';
import { accountOf, markOf, tookOf } from './words';

const entry = (number: number, data = {}): LogEntry => ({
  id: `l${number}`, level: 0, message: `GET /${number}`, data, created: new Date(number * 1000).toISOString().replace('T', ' '),
});
/** All there are, in the order of their numbers. */
let kept: LogEntry[] = [];
const asked: URLSearchParams[] = [];

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal('fetch', vi.fn(async (address: string) => {
    const [path, query] = address.split('?');
    if (path!.endsWith('/stats')) return new Response(JSON.stringify([{ date: '2026-01-01 10:00:00.000Z', total: kept.length }]));
    const params = new URLSearchParams(query);
    asked.push(params);
    const before = /created <= '([^']+)'/.exec(params.get('filter') ?? '')?.[1];
    const items = kept.filter(({ created }) => !before || created <= before).toReversed().slice(0, 50);
    return new Response(JSON.stringify({ items }));
  }));
});

const many = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => entry(from + at));

test('older ones are asked for by time, so that new ones move nothing', async () => {
  kept = many(1, 70);
  const logs = new Logs();
  await logs.load("level >= 8");
  expect([logs.entries.length, logs.more, logs.total]).toEqual([50, true, 70]);
  kept = many(1, 75);
  await logs.older();
  expect(logs.entries.map(({ id }) => id)).toEqual(many(1, 70).map(({ id }) => id).toReversed());
  expect(logs.more).toBe(false);
  expect(asked.at(-1)!.get('filter')).toMatch(/^\(level >= 8\) && created <= '/);
});

test('what is new stands above what is there', async () => {
  kept = many(1, 3);
  const logs = new Logs();
  await logs.load('');
  kept = many(1, 5);
  await logs.refresh();
  expect(logs.entries.map(({ id }) => id)).toEqual(['l5', 'l4', 'l3', 'l2', 'l1']);
});

test('after a gap it begins anew', async () => {
  kept = many(1, 10);
  const logs = new Logs();
  await logs.load('');
  kept = many(1, 200);
  await logs.refresh();
  expect([logs.entries[0]!.id, logs.entries.at(-1)!.id, logs.more]).toEqual(['l200', 'l151', true]);
});

test('an entry is told by its status, its time and its account', () => {
  expect(markOf(entry(1, { status: 404 }))).toEqual({ text: '404', tone: 'warn' });
  expect(markOf(entry(1, { status: 200 })).tone).toBe('good');
  expect(markOf({ ...entry(1), level: 8 })).toEqual({ text: 'error', tone: 'bad' });
  expect([0.44, 12.6, 1540].map((execTime) => tookOf(entry(1, { execTime })))).toEqual(['0.4 ms', '13 ms', '1.5 s']);
  expect(tookOf(entry(1))).toBe('');
  expect(accountOf(entry(1, { auth: 'users', authId: 'u1' }))).toEqual({ collection: 'users', id: 'u1' });
  expect(accountOf(entry(1, { auth: 'users', authId: '' }))).toBeUndefined();
});
