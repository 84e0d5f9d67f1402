const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** Seconds in the largest unit that says them whole: 432000 is "5 days". */
export function durationOf(seconds: number | undefined): string | null {
  if (!seconds) return null;
  for (const [unit, length] of UNITS) {
    if (seconds % length !== 0) continue;
    const count = seconds / length;
    return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return `${seconds} seconds`;
}
