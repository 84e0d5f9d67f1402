/** A size as the config file writes it: powers of 1024. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let at = 0;
  let value = count;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  return `${Math.round(value * 10) / 10} ${units[at]}`;
}
