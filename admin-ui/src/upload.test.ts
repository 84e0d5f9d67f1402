import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { api } from './api';
import { session } from './session.svelte';
import { formOf } from './upload';

const token = `x.${btoa(JSON.stringify({ exp: Date.now() / 1000 + 60 }))}.x`;
const file = (name: string) => new File(['x'], name);

let sent: { method: string; address: string; headers: Record<string, string>; form: FormData } | undefined;
let answer: { status: number; body: string } | undefined;

/** As much of the browser's as an upload uses. */
class Request {
  upload: { onprogress?: (event: object) => void } = {};
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;
  abort = () => this.onabort?.();
  status = 0;
  responseText = '';
  #opened = { method: '', address: '' };
  #headers: Record<string, string> = {};
  open(method: string, address: string) {
    this.#opened = { method, address };
  }
  setRequestHeader(name: string, value: string) {
    this.#headers[name] = value;
  }
  getResponseHeader = () => null;
  send(form: FormData) {
    sent = { ...this.#opened, headers: this.#headers, form };
    this.upload.onprogress?.({ loaded: 1, total: 4 });
    if (!answer) return this.onerror?.();
    [this.status, this.responseText] = [answer.status, answer.body];
    this.onload?.();
  }
}

beforeEach(() => {
  session.begin({ token, record: { id: 'a', collectionId: 'c', collectionName: '_superusers' } });
  vi.stubGlobal('XMLHttpRequest', Request);
});
afterEach(() => session.end('asked'));

test('a body with files becomes a form, in which the rest stays JSON', () => {
  const [one, two] = [file('1.png'), file('2.png')];
  const form = formOf({ title: '123', tags: ['a'], meta: null, cover: one, 'pages+': [one, two], 'pages-': ['old.png'] })!;
  expect([...form.keys()]).toEqual(['cover', 'pages+', 'pages+', '@jsonPayload']);
  expect(form.getAll('pages+').map((part) => (part as File).name)).toEqual(['1.png', '2.png']);
  expect(JSON.parse(form.get('@jsonPayload') as string)).toEqual({ title: '123', tags: ['a'], meta: null, 'pages-': ['old.png'] });
});

test('any other body is no form', () => {
  expect(formOf({ title: 'a', pages: ['a.png'], cover: null })).toBeUndefined();
  expect(formOf(undefined)).toBeUndefined();
});

test('an upload says how far it is, and answers as every request does', async () => {
  answer = { status: 200, body: '{"id":"new"}' };
  const onsent = vi.fn();
  expect(await api.records.create('posts', { cover: file('a.png') }, { onsent })).toEqual({ id: 'new' });
  expect(onsent).toHaveBeenCalledWith(0.25);
  expect(sent).toMatchObject({ method: 'POST', address: '../api/collections/posts/records', headers: { Authorization: token } });
  expect(sent!.headers).not.toHaveProperty('Content-Type');
});

test('what is refused is said by field', async () => {
  answer = { status: 400, body: '{"message":"No.","data":{"cover":{"code":"validation_file_size_limit","message":"Too large."}}}' };
  await expect(api.records.update('posts', '1', { cover: file('a.png') })).rejects.toMatchObject({
    status: 400,
    data: { cover: { message: 'Too large.' } },
  });
});

test('an upload that breaks off is a sentence', async () => {
  answer = undefined;
  await expect(api.records.update('posts', '1', { cover: file('a.png') })).rejects.toMatchObject({ status: 0, message: /broke off/ });
});

test('the address of a file is encoded', () =>
  expect(api.files.url({ id: 'r/1', collectionId: 'c', collectionName: 'n' }, 'a b#.png', { thumb: '100x100' })).toBe(
    '../api/files/c/r%2F1/a%20b%23.png?thumb=100x100',
  ));

test('an upload that is called off is told apart from one that broke', async () => {
  const going = new AbortController();
  const sending = api.backups.upload(file('a.zip'), { signal: going.signal, onsent: () => going.abort() });
  await expect(sending).rejects.toMatchObject({ name: 'AbortError' });
});
