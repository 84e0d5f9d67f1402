// The API as the dashboard uses it: one function an endpoint.

import { ApiError, type Options, queryOf, refresh, request, SUPERUSERS } from './request';
import { session } from './session.svelte';
import type {
  Account,
  AuthenticatorSecret,
  AuthenticatorState,
  Backup,
  Collection,
  ConfigState,
  Cron,
  CronRun,
  Job,
  ListQuery,
  LogEntry,
  LogHour,
  Mail,
  MailEnvelope,
  Page,
  RecordModel,
  SecondFactor,
  Session,
  SessionEntry,
  Settings,
  TestMail,
} from './types';

export { ApiError, fieldError, isAborted, messageOf } from './request';
export type * from './types';

export type Watching = Pick<Options, 'onsent' | 'signal'>;

export interface NewSuperuser {
  email: string;
  password: string;
  passwordConfirm: string;
}

export const api = {
  /** Signs in, or answers what is wanted besides the password. */
  async signIn(identity: string, password: string): Promise<SecondFactor | undefined> {
    try {
      await begin('auth-with-password', { identity, password });
      return undefined;
    } catch (err) {
      const wanted = secondFactorOf(err);
      if (wanted) return wanted;
      throw err;
    }
  },

  /** The second step: a code of the authenticator, or one of the recovery codes. */
  signInWithAuthenticator(mfaId: string, code: string): Promise<void> {
    return begin('auth-with-totp', { mfaId, code });
  },

  /** Has a code mailed to the address; answers the id that goes with it. */
  async requestCode(email: string): Promise<string> {
    return (await request<{ otpId: string }>(`${SUPERUSERS}/request-otp`, { method: 'POST', body: { email }, token: '' })).otpId;
  },

  /** The second step: a code that was mailed. */
  signInWithCode(mfaId: string, otpId: string, code: string): Promise<void> {
    return begin('auth-with-otp', { mfaId, otpId, password: code });
  },

  refresh,

  /** The token is forgotten at once, whatever the server says to it and whenever. */
  signOut(why: 'asked' | 'stale' = 'asked'): void {
    request('/sign-out', { method: 'POST', token: session.token, outlives: true }).catch(() => undefined);
    session.end(why);
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

  /** Changes what is named and leaves the rest. */
  updateCollection(name: string, changes: Partial<Collection>): Promise<Collection> {
    return request(`/collections/${encodeURIComponent(name)}`, { method: 'PATCH', body: changes });
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

  /** One's own sessions, or those of another account. */
  sessions: {
    /** The one used last comes first. */
    list(account?: Account): Promise<Whole<SessionEntry>> {
      return request('/sessions', { query: account });
    },

    end(id: string): Promise<void> {
      return request(`/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' });
    },

    endOthers(): Promise<void> {
      return request('/sessions', { method: 'DELETE', query: { except: 'current' } });
    },

    /** All of them, and every token ever signed for the account. */
    endAll(account?: Account): Promise<void> {
      return request('/sessions', { method: 'DELETE', query: account });
    },
  },

  /** The app that makes codes for signing in. */
  authenticator: {
    state(): Promise<AuthenticatorState> {
      return request('/totp');
    },

    begin(): Promise<AuthenticatorSecret> {
      return request('/totp', { method: 'POST' });
    },

    /** Answers recovery codes, which are told this once. */
    async confirm(code: string): Promise<string[]> {
      return (await request<RecoveryCodes>('/totp/confirm', { method: 'POST', body: { code } })).recoveryCodes;
    },

    async newRecoveryCodes(): Promise<string[]> {
      return (await request<RecoveryCodes>('/totp/recovery-codes', { method: 'POST' })).recoveryCodes;
    },

    remove(account?: Account): Promise<void> {
      return request('/totp', { method: 'DELETE', query: account });
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

  /** What happens by the clock. */
  crons: {
    list(): Promise<Cron[]> {
      return request('/crons', { query: { details: true } });
    },

    /** Starts it; that it ran shows later. */
    run(id: string): Promise<void> {
      return request(`/crons/${encodeURIComponent(id)}`, { method: 'POST' });
    },

    /** The newest first; no more than a hundred are kept. */
    runs(id: string): Promise<Page<CronRun>> {
      return request(`/crons/${encodeURIComponent(id)}/runs`, { query: { perPage: 100 } });
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

  settings: {
    read(): Promise<Settings> {
      return request('/settings');
    },

    /** Changes what is named and leaves the rest; an empty secret is none. */
    change(patch: object): Promise<Settings> {
      return request('/settings', { method: 'PATCH', body: patch });
    },

    /** By the settings that are saved, and so is the next one. */
    testMail(mail: TestMail): Promise<void> {
      return request('/settings/test/email', { method: 'POST', body: mail });
    },

    testBucket(filesystem: 'storage' | 'backups'): Promise<void> {
      return request('/settings/test/s3', { method: 'POST', body: { filesystem } });
    },
  },

  logs: {
    list(query: ListQuery, signal?: AbortSignal): Promise<Page<LogEntry>> {
      return request('/logs', { query, signal });
    },

    /** Only the hours in which something was logged. */
    stats(filter: string, signal?: AbortSignal): Promise<LogHour[]> {
      return request('/logs/stats', { query: { filter }, signal });
    },

    view(id: string): Promise<LogEntry> {
      return request(`/logs/${encodeURIComponent(id)}`);
    },

    clear(): Promise<void> {
      return request('/logs', { method: 'DELETE' });
    },
  },

  backups: {
    list(): Promise<Backup[]> {
      return request('/backups');
    },

    /** Answers when it is complete, which may take minutes. */
    create(name: string): Promise<void> {
      return request('/backups', { method: 'POST', body: { name } });
    },

    upload(file: File, watching: Watching): Promise<void> {
      return request('/backups/upload', { method: 'POST', body: { file }, ...watching });
    },

    /** Where it is read, with a file token: a download sends no header. */
    url(key: string, token: string): string {
      return `../api/backups/${encodeURIComponent(key)}${queryOf({ token })}`;
    },

    remove(key: string): Promise<void> {
      return request(`/backups/${encodeURIComponent(key)}`, { method: 'DELETE' });
    },

    /** Answers before it happens: soon after, the server starts anew. */
    restore(key: string): Promise<void> {
      return request(`/backups/${encodeURIComponent(key)}/restore`, { method: 'POST' });
    },
  },
};

/** A list that comes whole. */
interface Whole<T> {
  items: T[];
  totalItems: number;
}

interface RecoveryCodes {
  recoveryCodes: string[];
}

async function begin(way: string, body: object): Promise<void> {
  session.begin(await request<Session>(`${SUPERUSERS}/${way}`, { method: 'POST', body, token: '' }));
}

function secondFactorOf(err: unknown): SecondFactor | undefined {
  if (!(err instanceof ApiError) || err.status !== 401 || typeof err.body.mfaId !== 'string') return undefined;
  const { mfaId, methods } = err.body;
  return Array.isArray(methods) ? { mfaId, methods: methods.map(String) } : { mfaId };
}

function records(collection: string, id?: string): string {
  const path = `/collections/${encodeURIComponent(collection)}/records`;
  return id === undefined ? path : `${path}/${encodeURIComponent(id)}`;
}
