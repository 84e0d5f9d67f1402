// The API as the dashboard uses it. Nothing else calls fetch.

import { secondsLeft, session } from './session.svelte';
import type { Collection, ConfigState, ListQuery, Page, RecordModel, Session } from './types';

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
  query?: ListQuery;
  body?: unknown;
  signal?: AbortSignal;
  /** Instead of the session's: the link's at set-up, none at sign-in. A 401 then ends no session. */
  token?: string;
}

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

    create(collection: string, body: Record<string, unknown>, query: ListQuery = {}): Promise<RecordModel> {
      return request(records(collection), { method: 'POST', query, body });
    },

    update(collection: string, id: string, body: Record<string, unknown>, query: ListQuery = {}): Promise<RecordModel> {
      return request(records(collection, id), { method: 'PATCH', query, body });
    },

    delete(collection: string, id: string): Promise<void> {
      return request(records(collection, id), { method: 'DELETE' });
    },
  },
};

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
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  try {
    // Relative to the page, which may be served below a prefix.
    return await fetch(`../api${path}${queryOf(options.query)}`, {
      method: options.method ?? 'GET',
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
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

function queryOf(query: ListQuery | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  return given.length ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}` : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
