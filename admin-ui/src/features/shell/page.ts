// Which page an address means.

/** Records, and the form of a new one, open beside the table: it stays the same page. */
const BESIDE = ['records', 'new'];

/** Pages whose address may name one thing more, which is shown beside the rest or in its place. */
const WITH_PART: Record<string, string> = {
  mail: 'Mail',
  scheduled: 'Scheduled',
  logs: 'Logs',
  settings: 'Settings',
};

/** Pages whose address ends with their name. */
const WHOLE: Record<string, string> = { config: 'Configuration', account: 'Account', queue: 'Queue', backups: 'Backups' };

/** The same for all addresses of one page. */
export function pageKey(segments: string[]): string {
  const [noun, name, part] = segments;
  if (noun !== undefined && Object.hasOwn(WITH_PART, noun)) return noun;
  if (noun !== 'collections') return segments.join('/');
  return ['collections', name, part && BESIDE.includes(part) ? undefined : part].filter(Boolean).join('/');
}

/** The text of the browser's tab: what differs comes first. */
export function titleOf(segments: string[]): string {
  return `${nameOf(segments) ?? 'Not found'} · Ferrobase`;
}

function nameOf([noun, name, part]: string[]): string | undefined {
  if (noun === undefined) return 'Overview';
  if (noun !== 'collections') {
    const titles = name === undefined ? { ...WHOLE, ...WITH_PART } : part === undefined ? WITH_PART : {};
    return Object.hasOwn(titles, noun) ? titles[noun] : undefined;
  }
  if (name && part === 'definition') return `Definition of ${name}`;
  return name && (!part || BESIDE.includes(part)) ? name : undefined;
}
