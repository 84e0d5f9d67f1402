// Which page an address means.

/** The same for all addresses of one page: its records have their own below it. */
export function pageKey(segments: string[]): string {
  const [noun, name, part] = segments;
  if (noun !== 'collections') return segments.join('/');
  return ['collections', name, part === 'records' ? undefined : part].filter(Boolean).join('/');
}

/** The text of the browser's tab: what differs comes first. */
export function titleOf(segments: string[]): string {
  const [noun, name, part] = segments;
  const page =
    noun === undefined ? 'Overview'
    : noun === 'config' && !name ? 'Configuration'
    : noun === 'collections' && name && part === 'definition' ? `Definition of ${name}`
    : noun === 'collections' && name && (!part || part === 'records') ? name
    : 'Not found';
  return `${page} · Ferrobase`;
}
