import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Draft } from './draft.svelte';
import { settings } from './settings.svelte';

const stored = {
  meta: { appName: 'Blog', senderName: 'Support' },
  smtp: { enabled: false, host: 'smtp.example.com' },
  superuserIPs: [] as string[],
};
const sent: unknown[] = [];
let answer: { status: number; body: unknown };

beforeEach(async () => {
  sent.length = 0;
  answer = { status: 200, body: stored };
  vi.stubGlobal('fetch', vi.fn(async (_: string, { method, body }: RequestInit) => {
    if (method === 'PATCH') sent.push(JSON.parse(String(body)));
    return new Response(JSON.stringify(answer.body), { status: answer.status });
  }));
  await settings.load();
});
afterEach(settings.clear);

test('what is saved is in force', async () => {
  const draft = new Draft('meta');
  expect(draft.isDirty).toBe(false);
  draft.set('meta.appName', 'News');
  expect(draft.isDirty).toBe(true);
  answer.body = { ...stored, meta: { ...stored.meta, appName: 'News' } };
  expect(await draft.save()).toBe(true);
  expect(sent).toEqual([{ meta: { appName: 'News' } }]);
  expect([draft.isDirty, draft.get('meta.appName')]).toEqual([false, 'News']);
});

test('without a change nothing is sent', async () => {
  expect(await new Draft('meta').save()).toBe(true);
  expect(sent).toEqual([]);
});

test('what the config file sets goes back to what it was, and the rest stays to be saved', async () => {
  const draft = new Draft('meta');
  draft.set('meta.appName', 'News');
  draft.set('meta.senderName', 'Ann');
  answer = { status: 400, body: { message: 'No.', data: { meta: { appName: { code: 'validation_set_by_config_file', message: 'x' } } } } };
  expect(await draft.save()).toBe(false);
  expect([draft.isPinned('meta.appName'), draft.isPinned('meta.senderName')]).toEqual([true, false]);
  expect([draft.get('meta.appName'), draft.get('meta.senderName')]).toEqual(['Blog', 'Ann']);
  expect(draft.problem).toMatch(/save again for the rest/);
  answer = { status: 200, body: stored };
  await draft.save();
  expect(sent.at(-1)).toEqual({ meta: { senderName: 'Ann' } });
});

test('a fault stands at its place until that is changed', async () => {
  const draft = new Draft('superuserIPs');
  draft.set('superuserIPs', ['x', '10.0.0.1']);
  answer = { status: 400, body: { message: 'No.', data: { superuserIPs: { 0: { code: 'c', message: 'Must be an address.' } } } } };
  await draft.save();
  expect(draft.faultsIn('superuserIPs')).toEqual([[0, 'Must be an address.']]);
  draft.set('superuserIPs', ['10.0.0.1']);
  expect(draft.faultsIn('superuserIPs')).toEqual([]);
});

test('a fault of another section is told as a whole', async () => {
  const draft = new Draft('meta');
  draft.set('meta.appName', 'News');
  answer = { status: 400, body: { message: 'No.', data: { smtp: { host: { code: 'c', message: 'Must be a host.' } } } } };
  await draft.save();
  expect(draft.problem).toBe('smtp.host: Must be a host.');
  draft.reset();
  expect([draft.problem, draft.get('meta.appName')]).toEqual(['', 'Blog']);
});

test('a server that is away changes nothing', async () => {
  const draft = new Draft('meta');
  draft.set('meta.appName', 'News');
  answer = { status: 503, body: { message: 'Try again later.' } };
  await draft.save();
  expect([draft.problem, draft.get('meta.appName'), draft.busy]).toEqual(['Try again later.', 'News', false]);
});
