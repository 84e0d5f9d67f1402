// One request to the API and its answer: tokens, bodies, refusals. The only place that calls fetch.

import { secondsLeft, session } from './session.svelte';
import type { Session } from './types';
import { formOf, upload } from './upload';

export const SUPERUSERS = '/collections/_superusers';

/** What the server refused, or status 0 when it did not answer at all. */
export class ApiError extends Error {
  readonly status: number;
  /** A tree of `{ code, message }`, by the names of the fields. */
  readonly data: Record<string, unknown>;
  /** Seconds until another try makes sense, where the server said so. */
  readonly retryAfter: number | undefined;
  /** The answer as it came, where it was an object. */
  readonly body: Record<string, unknown>;

  constructor(status: number, message: string, data: Record<string, unknown> = {}, retryAfter?: number, body = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.data = data;
    this.retryAfter = retryAfter;
    this.body = body;
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

export interface Options {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: object;
  body?: unknown;
  signal?: AbortSignal;
  /** Told the share of a form that has been sent, from 0 to 1. */
  onsent?: (share: number) => void;
  /** Instead of the session's: the link's at set-up, none at sign-in. A 401 then ends no session. */
  token?: string;
  /** Goes out even when the page is closed meanwhile. */
  outlives?: boolean;
}

let refreshing: Promise<void> | undefined;

/** A fresh token for the same superuser; one request, however many ask for it. */
export function refresh(): Promise<void> {
  refreshing ??= Promise.resolve().then(exchange).finally(() => (refreshing = undefined));
  return refreshing;
}

async function exchange(): Promise<void> {
  const before = session.token;
  const fresh = await request<Session>(`${SUPERUSERS}/auth-refresh`, { method: 'POST' });
  // Whoever signed out meanwhile stays so.
  if (session.token === before) session.begin(fresh);
}

export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const token = options.token ?? session.token;
  const isOwn = options.token === undefined;
  // The server takes a token that is over for a guest's; what guests may see is not what we asked.
  if (isOwn && token && secondsLeft(token) <= 0) {
    session.end('expired');
    throw new ApiError(401, 'Your session has ended. Sign in again.');
  }
  // Who works on is not thrown out; a failure ends nothing by itself.
  if (isOwn && !refreshing && session.isHalfOver) refresh().catch(() => undefined);
  const response = await answer(path, options, token);
  const body = await read(response);
  if (response.ok) return body as T;
  if (response.status === 401 && isOwn) session.end('expired');
  // A token that was revoked makes us a guest, who is refused; whether it was, the exchange tells.
  if (response.status === 403 && isOwn && !refreshing) refresh().catch(() => undefined);
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
    return upload(method, address, headers, form, options).catch((err: unknown) => {
      if (isAborted(err)) throw err;
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
      keepalive: options.outlives ?? false,
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
  return new ApiError(response.status, message, isObject(known.data) ? known.data : {}, retryAfter, known);
}

function fallback(status: number): string {
  if (status === 502 || status === 503 || status === 504) return 'The server is too busy or away. Try again in a moment.';
  return `The server answered with status ${status}.`;
}

export function queryOf(query: object | undefined): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  return given.length ? `?${new URLSearchParams(given.map(([key, value]) => [key, String(value)]))}` : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
