import { afterEach, expect, test, vi } from 'vitest';
import { api, ApiError, fieldError, isAborted } from './api';
import { session } from './session.svelte';

const token = (seconds: number) => `x.${btoa(JSON.stringify({ exp: Date.now() / 1000 + seconds }))}.x`;
const record = { id: 'a', collectionId: 'c', collectionName: '_superusers' };

function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  const fetch = vi.fn(async (_path: string, _init: RequestInit) => new Response(JSON.stringify(body), { status, headers }));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

afterEach(() => session.end('asked'));

test('a 401 ends the session and says so', async () => {
  session.begin({ token: token(60), record });
  answer(401, { status: 401, message: 'No.', data: {} });
  await expect(api.config()).rejects.toMatchObject({ status: 401 });
  expect(session.token).toBe('');
  expect(session.ended).toBe('expired');
});

test('a token that is over is not sent: the server would answer as to a guest', async () => {
  session.begin({ token: token(-1), record });
  const fetch = answer(200, {});
  await expect(api.records.list('posts')).rejects.toMatchObject({ status: 401 });
  expect(fetch).not.toHaveBeenCalled();
  expect(session.ended).toBe('expired');
});

test('a wrong password ends no session and keeps how long to wait', async () => {
  answer(429, { status: 429, message: 'Too many.', data: {} }, { 'Retry-After': '30' });
  await expect(api.signIn('a@b.c', 'x')).rejects.toMatchObject({ status: 429, retryAfter: 30 });
  expect(session.ended).toBe('asked');
});

test('no answer is an error of status 0 with a sentence', async () => {
  vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('Failed to fetch')));
  await expect(api.health()).rejects.toMatchObject({ status: 0, message: 'The server does not answer. Is it still running?' });
});

test('a request called off stays what it is', async () => {
  vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new DOMException('', 'AbortError')));
  expect(isAborted(await api.health().catch((err: unknown) => err))).toBe(true);
});

test('a page of a proxy instead of JSON is a sentence, not a syntax error', async () => {
  vi.stubGlobal('fetch', vi.fn().mockResolvedValue(new Response('<html>', { status: 502 })));
  await expect(api.health()).rejects.toThrow('too busy or away');
});

test('all pages of the collections are read', async () => {
  const fetch = answer(200, { items: [{ name: 'a' }], totalPages: 2 });
  session.begin({ token: token(60), record });
  expect(await api.collections()).toHaveLength(2);
  expect(fetch.mock.calls.map(([path]) => path)).toEqual([
    '../api/collections?page=1&perPage=500&sort=name',
    '../api/collections?page=2&perPage=500&sort=name',
  ]);
});

test('names in paths are encoded', async () => {
  const fetch = answer(200, {});
  await api.records.view('posts', 'a/b?');
  expect(fetch.mock.calls[0]?.[0]).toBe('../api/collections/posts/records/a%2Fb%3F');
});

test('field errors are found at any depth', () => {
  const err = new ApiError(400, 'No.', { title: { code: 'x', message: 'Too long.' }, fields: { 1: { name: { code: 'y', message: 'Bad.' } } } });
  expect(fieldError(err, 'title')).toBe('Too long.');
  expect(fieldError(err, 'fields.1.name')).toBe('Bad.');
  expect(fieldError(err, 'fields')).toBeUndefined();
  expect(fieldError(new Error('x'), 'title')).toBeUndefined();
});

test('a token whose half is over is exchanged while requests go on, once', async () => {
  vi.useFakeTimers({ now: Date.now() });
  session.begin({ token: token(100), record });
  const given = session.token;
  const fetch = answer(200, { items: [], totalPages: 1, token: token(1000), record });
  await api.records.list('posts');
  expect(fetch).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(51_000);
  await Promise.all([api.records.list('posts'), api.records.list('posts')]);
  await vi.waitFor(() => expect(session.token).not.toBe(given));
  expect(fetch.mock.calls.filter(([path]) => path.endsWith('/auth-refresh'))).toHaveLength(1);
  await api.records.list('posts');
  expect(fetch).toHaveBeenCalledTimes(5);
  vi.useRealTimers();
});

test('who is refused because the token was revoked is signed out', async () => {
  session.begin({ token: token(60), record });
  const fetch = vi.fn(async (path: string) => new Response('{}', { status: path.endsWith('/auth-refresh') ? 401 : 403 }));
  vi.stubGlobal('fetch', fetch);
  await expect(api.records.list('posts')).rejects.toMatchObject({ status: 403 });
  await vi.waitFor(() => expect(session.ended).toBe('expired'));
});

test('signing out tells the server, and forgets the token whatever the answer is', async () => {
  const given = token(60);
  session.begin({ token: given, record });
  const fetch = vi.fn((_path: string, _init: RequestInit) => Promise.reject(new TypeError('Failed to fetch')));
  vi.stubGlobal('fetch', fetch);
  api.signOut();
  expect(session.token).toBe('');
  expect(localStorage.getItem('ferrobase-session')).toBeNull();
  expect(fetch).toHaveBeenCalledExactlyOnceWith('../api/sign-out', expect.objectContaining({ method: 'POST', headers: { Authorization: given }, keepalive: true }));
});

test('a second factor that is wanted is an answer, other refusals are thrown', async () => {
  answer(401, { mfaId: 'm1', methods: ['totp'] });
  expect(await api.signIn('a@b.c', 'x')).toEqual({ mfaId: 'm1', methods: ['totp'] });
  answer(401, { mfaId: 'm1' });
  expect(await api.signIn('a@b.c', 'x')).toEqual({ mfaId: 'm1' });
  answer(401, { status: 401, message: 'No.', data: {} });
  await expect(api.signIn('a@b.c', 'x')).rejects.toMatchObject({ status: 401 });
  expect(session.token).toBe('');
});
