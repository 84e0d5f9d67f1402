/** How long to wait, as one would say it: rounded up, so that waiting so long is enough. */
export function waiting(seconds: number | undefined): string {
  if (!seconds) return 'Wait a while and try again.';
  if (seconds < 90) return `Try again in ${count(Math.ceil(seconds), 'second')}.`;
  if (seconds < 90 * 60) return `Try again in ${count(Math.ceil(seconds / 60), 'minute')}.`;
  return `Try again in ${count(Math.ceil(seconds / 3600), 'hour')}.`;
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? '' : 's'}`;
}
