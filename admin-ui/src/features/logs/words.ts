// How entries of the log are spoken of.

import type { LogEntry } from '../../api';

export type Tone = 'neutral' | 'good' | 'warn' | 'bad';

export function levelOf(level: number): string {
  if (level >= 8) return 'error';
  if (level >= 4) return 'warning';
  return level >= 0 ? 'info' : 'debug';
}

/** What stands first: the status of a request, the level of anything else. */
export function markOf({ level, data }: LogEntry): { text: string; tone: Tone } {
  const status = Number(data.status);
  if (!status) return { text: levelOf(level), tone: level >= 8 ? 'bad' : level >= 4 ? 'warn' : 'neutral' };
  return { text: String(status), tone: status >= 500 ? 'bad' : status >= 400 ? 'warn' : status >= 300 ? 'neutral' : 'good' };
}

/** Such as "0.4 ms" and "1.2 s"; empty where nothing was measured. */
export function tookOf({ data }: LogEntry): string {
  const time = data.execTime;
  if (typeof time !== 'number') return '';
  if (time >= 1000) return `${Math.round(time / 100) / 10} s`;
  return `${time < 10 ? Math.round(time * 10) / 10 : Math.round(time)} ms`;
}

/** A text of the entry, whatever is there. */
export function textOf({ data }: LogEntry, key: string): string {
  const value = data[key];
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The account that asked, where its id was kept. */
export function accountOf(entry: LogEntry): { collection: string; id: string } | undefined {
  const [collection, id] = [textOf(entry, 'auth'), textOf(entry, 'authId')];
  return collection && id ? { collection, id } : undefined;
}

/** The facts that have a name of their own, in the order in which one asks. */
export const FACTS = [
  ['requestId', 'Request'],
  ['method', 'Method'],
  ['url', 'Address'],
  ['status', 'Status'],
  ['error', 'Error'],
  ['details', 'Details'],
  ['userIP', 'From'],
  ['remoteIP', 'By connection'],
  ['referer', 'Page'],
  ['userAgent', 'Program'],
] as const;
