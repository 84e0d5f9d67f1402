// Which page an address means.

/** Records, and the form of a new one, open beside the table: it stays the same page. */
const BESIDE = ['records', 'new'];

/** The same for all addresses of one page. */
export function pageKey(segments: string[]): string {
  const [noun, name, part] = segments;
  // A mail opens beside the inbox, what came of a job beside the others.
  if (noun === 'mail' || noun === 'scheduled') return noun;
  if (noun !== 'collections') return segments.join('/');
  return ['collections', name, part && BESIDE.includes(part) ? undefined : part].filter(Boolean).join('/');
}

/** The text of the browser's tab: what differs comes first. */
export function titleOf(segments: string[]): string {
  const [noun, name, part] = segments;
  const page =
    noun === undefined ? 'Overview'
    : noun === 'config' && !name ? 'Configuration'
    : noun === 'account' && !name ? 'Account'
    : noun === 'mail' && !part ? 'Mail'
    : noun === 'scheduled' && !part ? 'Scheduled'
    : noun === 'collections' && name && part === 'definition' ? `Definition of ${name}`
    : noun === 'collections' && name && (!part || BESIDE.includes(part)) ? name
    : 'Not found';
  return `${page} · Ferrobase`;
}
