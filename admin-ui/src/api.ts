// The API as the dashboard uses it. Nothing else calls fetch.

import { secondsLeft, session } from './session.svelte';
import type { Collection, ConfigState, Job, ListQuery, Mail, MailEnvelope, Page, RecordModel, Session } from './types';
import { formOf, upload } from './upload';

export type * from './types';

/** What the server refused, or status 0 when it did not answer at all. */
export class ApiError extends Error {
  readonly status: number;
  /** A tree of `{ code, message }`, by the names of the fields. */
  readonly data: Record<string, unknown>;
  /** Seconds until another try makes sense, where the server said so. */
  readonly retryAfter: number | undefined;

  constructor(status: number, message: string, data: Record<string, unknown> = {}, retryAfter?: number) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.data = data;
    this.retryAfter = retryAfter;
  }
}

/** What is wrong with one field, such as `title` or `fields.1.name`. */
export function fieldError(err: unknown, path: string): string | undefined {
  if (!(err instanceof ApiError)) return undefined;
  let at: unknown = err.data;
  for (const key of path.split('.')) at = isObject(at) ? at[key] : undefined;
  return isObject(at) && typeof at.code === 'string' && typeof at.message === 'string' ? at.message : undefined;
}

/** Whether a request was called off by whoever made it: nothing to tell the user. */
export function isAborted(err: unknown): boolean {
  return err instanceof DOMException && err.name === 'AbortError';
}

/** A sentence for the user, whatever was thrown. */
export function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}

interface Options {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: object;
  body?: unknown;
  signal?: AbortSignal;
  /** Told the share of a form that has been sent, from 0 to 1. */
  onsent?: (share: number) => void;
  /** Instead of the session's: the link's at set-up, none at sign-in. A 401 then ends no session. */
  token?: string;
}

export type Watching = Pick<Options, 'onsent'>;

export interface NewSuperuser {
  email: string;
  password: string;
  passwordConfirm: string;
}

const SUPERUSERS = '/collections/_superusers';

export const api = {
  async signIn(identity: string, password: string): Promise<void> {
    const body = { identity, password };
    session.begin(await request<Session>(`${SUPERUSERS}/auth-with-password`, { method: 'POST', body, token: '' }));
  },

  /** A fresh token for the same superuser; one request, however many ask for it. */
  refresh(): Promise<void> {
    refreshing ??= Promise.resolve().then(exchange).finally(() => (refreshing = undefined));
    return refreshing;
  },

  signOut(): void {
    session.end('asked');
  },

  /** Makes the first superuser with the token of the set-up link. */
  async setUp(token: string, superuser: NewSuperuser): Promise<void> {
    await request(`${SUPERUSERS}/records`, { method: 'POST', body: superuser, token });
  },

  /** Takes the token of a mail back, as nobody in particular. */
  async confirm(collection: string, action: string, body: Record<string, string>): Promise<void> {
    await request(`/collections/${encodeURIComponent(collection)}/${action}`, { method: 'POST', body, token: '' });
  },

  /** `data` says something to superusers only. */
  health(token?: string): Promise<{ message: string; data: Record<string, unknown> }> {
    return request('/health', { token });
  },

  /** All collections, however many pages they fill. */
  async collections(signal?: AbortSignal): Promise<Collection[]> {
    const all: Collection[] = [];
    for (let page = 1; ; page++) {
      const answer = await request<Page<Collection>>('/collections', { query: { page, perPage: 500, sort: 'name' }, signal });
      all.push(...answer.items);
      if (page >= answer.totalPages) return all;
    }
  },

  collection(name: string, signal?: AbortSignal): Promise<Collection> {
    return request(`/collections/${encodeURIComponent(name)}`, { signal });
  },

  config(signal?: AbortSignal): Promise<ConfigState> {
    return request('/config', { signal });
  },

  records: {
    list(collection: string, query: ListQuery = {}, signal?: AbortSignal): Promise<Page<RecordModel>> {
      return request(records(collection), { query, signal });
    },

    view(collection: string, id: string, query: ListQuery = {}, signal?: AbortSignal): Promise<RecordModel> {
      return request(records(collection, id), { query, signal });
    },

    /** A body that holds files goes as a form, any other as JSON. */
    create(collection: string, body: Record<string, unknown>, watching: Watching = {}): Promise<RecordModel> {
      return request(records(collection), { method: 'POST', body, ...watching });
    },

    update(collection: string, id: string, body: Record<string, unknown>, watching: Watching = {}): Promise<RecordModel> {
      return request(records(collection, id), { method: 'PATCH', body, ...watching });
    },

    delete(collection: string, id: string): Promise<void> {
      return request(records(collection, id), { method: 'DELETE' });
    },
  },

  files: {
    /** Where a stored file is read, by `<img>` and links: they send no header, so what is protected wants a token. */
    url({ collectionId, id }: RecordModel, name: string, query: { thumb?: string; token?: string } = {}): string {
      return `../api/files/${[collectionId, id, name].map(encodeURIComponent).join('/')}${queryOf(query)}`;
    },

    /** A token for addresses of protected files, good for a few minutes. */
    async token(): Promise<string> {
      return (await request<{ token: string }>('/files/token', { method: 'POST' })).token;
    },
  },

  /** The inbox of mails that were not sent. */
  mails: {
    list(): Promise<Whole<MailEnvelope>> {
      return request('/mails');
    },

    view(id: string): Promise<Mail> {
      return request(`/mails/${encodeURIComponent(id)}`);
    },

    /** Where a frame reads the mail, with a token as files have it. */
    page(id: string, token: string): string {
      return `../api/mails/${encodeURIComponent(id)}/page${queryOf({ token })}`;
    },

    clear(): Promise<void> {
      return request('/mails', { method: 'DELETE' });
    },
  },

  jobs: {
    list(state: Job['state']): Promise<Whole<Job>> {
      return request('/jobs', { query: { state } });
    },

    replay(id: string): Promise<void> {
      return request(`/jobs/${encodeURIComponent(id)}/replay`, { method: 'POST' });
    },

    remove(id: string): Promise<void> {
      return request(`/jobs/${encodeURIComponent(id)}`, { method: 'DELETE' });
    },
  },
};

/** A list that comes whole. */
interface Whole<T> {
  items: T[];
  totalItems: number;
}

let refreshing: Promise<void> | undefined;

async function exchange(): Promise<void> {
  const before = session.token;
  const fresh = await request<Session>(`${SUPERUSERS}/auth-refresh`, { method: 'POST' });
  // Whoever signed out meanwhile stays so.
  if (session.token === before) session.begin(fresh);
}

function records(collection: string, id?: string): string {
  const path = `/collections/${encodeURIComponent(collection)}/records`;
  return id === undefined ? path : `${path}/${encodeURIComponent(id)}`;
}

async function request<T>(path: string, options: Options = {}): Promise<T> {
  const token = options.token ?? session.token;
  const isOwn = options.token === undefined;
  // The server takes a token that is over for a guest's; what guests may see is not what we asked.
  if (isOwn && token && secondsLeft(token) <= 0) {
    session.end('expired');
    throw new ApiError(401, 'Your session has ended. Sign in again.');
  }
  // Who works on is not thrown out; a failure ends nothing by itself.
  if (isOwn && !refreshing && session.isHalfOver) api.refresh().catch(() => undefined);
  const response = await answer(path, options, token);
  const body = await read(response);
  if (response.ok) return body as T;
  if (response.status === 401 && isOwn) session.end('expired');
  // A token that was revoked makes us a guest, who is refused; whether it was, the exchange tells.
  if (response.status === 403 && isOwn && !refreshing) api.refresh().catch(() => undefined);
  throw refusal(response, body);
}

async function answer(path: string, options: Options, token: string): Promise<Response> {
  const headers: Record<string, string> = {};
  if (token) headers.Authorization = token;
  const { method = 'GET', body } = options;
  // Relative to the page, which may be served below a prefix.
  const address = `../api${path}${queryOf(options.query)}`;
  const form = formOf(body);
  if (form) {
    return upload(method, address, headers, form, options.onsent).catch(() => {
      throw new ApiError(0, 'The upload broke off. Is the server still running, and are the files where they were?');
    });
  }
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    return await fetch(address, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: options.signal ?? null,
      cache: 'no-store',
    });
  } catch (err) {
    throw away(err);
  }
}

async function read(response: Response): Promise<unknown> {
  const text = await response.text().catch((err: unknown) => {
    throw away(err);
  });
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    // A page of a proxy in between, most likely.
    return null;
  }
}

/** Fetch throws one kind of error for all that can happen on the way. */
function away(err: unknown): unknown {
  return isAborted(err) ? err : new ApiError(0, 'The server does not answer. Is it still running?');
}

function refusal(response: Response, body: unknown): ApiError {
  const known = isObject(body) ? body : {};
  const message = typeof known.message === 'string' && known.message ? known.message : fallback(response.status);
  const retryAfter = Number(response.headers.get('Retry-After')) || undefined;
  return new ApiError(response.status, message, isObject(known.data) ? known.data : {}, retryAfter);
}

function fallback(status: number): string {
  if (status === 502 || status === 503 || status === 504) return 'The server is too busy or away. Try again in a moment.';
  return `The server answered with status ${status}.`;
}

function queryOf(query: object | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  return given.length ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}` : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
