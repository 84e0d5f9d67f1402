// What the page of logs shows, as the address says it, and the filter that says the same to the server.

import { quotePattern } from '../../fields/relation/search';
import { isFilter } from '../records/search';

export interface LogQuery {
  /** As typed: a filter or words. */
  filter: string;
  /** `errors` or empty. */
  level: string;
  since: string;
  method: string;
  /** The first digit of the status. */
  status: string;
  /** A part of the chart, as ISO times. */
  from: string;
  to: string;
}

export const HOUR = 3_600_000;
export const PERIODS: Record<string, number> = { hour: HOUR, day: 24 * HOUR, week: 168 * HOUR };
export const METHODS = ['GET', 'POST', 'PATCH', 'DELETE'];
export const STATUSES = ['2', '3', '4', '5'];

export function readQuery(params: URLSearchParams): LogQuery {
  const one = (name: string, of: string[]) => of.find((value) => value === params.get(name)) ?? '';
  const time = (name: string) => (Number.isNaN(Date.parse(params.get(name) ?? '')) ? '' : params.get(name)!);
  return {
    filter: params.get('filter') ?? '',
    level: one('level', ['errors']),
    since: one('since', Object.keys(PERIODS)),
    method: one('method', METHODS),
    status: one('status', STATUSES),
    from: time('from'),
    to: time('to'),
  };
}

/** The parameters of the address. A part of the chart and a period would only stand in each other's way. */
export function change(query: LogQuery, part: Partial<LogQuery>): Record<string, string> {
  const changed = { ...query, ...part };
  if (part.since) changed.from = changed.to = '';
  if (part.from) changed.since = '';
  return changed;
}

/** The filter in the API's language. */
export function filterOf(query: LogQuery, now = Date.now()): string {
  const text = query.filter.trim();
  const period = PERIODS[query.since];
  const status = Number(query.status) * 100;
  return [
    text && (isFilter(text) ? `(${text})` : `message ~ ${quotePattern(text)}`),
    query.level && 'level >= 8',
    period && `created >= '${momentOf(now - period)}'`,
    query.from && `created >= '${momentOf(Date.parse(query.from))}'`,
    query.to && `created < '${momentOf(Date.parse(query.to))}'`,
    query.method && `data.method = '${query.method}'`,
    status && `data.status >= ${status} && data.status < ${status + 100}`,
  ]
    .filter(Boolean)
    .join(' && ');
}

/** A time as the API writes it. */
export function momentOf(time: number): string {
  return new Date(time).toISOString().replace('T', ' ');
}
