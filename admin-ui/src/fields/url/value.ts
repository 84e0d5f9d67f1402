import { oneLine } from '../value';

export const blank = () => '';

export const summary = (value: unknown) => oneLine(String(value ?? ''));

/**
 * The address to open, or nothing. Only http and https: a stored `javascript:` address must never
 * become a link in the dashboard's origin. A bare host is opened by https, as the server accepts it.
 */
export function address(value: unknown): string | undefined {
  const text = String(value ?? '').trim();
  if (text === '') return undefined;
  const absolute = /^https?:\/\//i.test(text) ? text : /^[a-z][a-z0-9+.-]*:(?!\d)/i.test(text) ? '' : `https://${text}`;
  try {
    const url = new URL(absolute);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
  } catch {
    return undefined;
  }
}
