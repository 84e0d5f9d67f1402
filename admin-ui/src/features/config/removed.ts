import type { ConfigState } from '../../api';

/** The table of the config file that deletes what is parked: the only way a deploy may. */
export function removedAsToml({ collections, fields }: ConfigState['parked']): string {
  const entries = Object.entries({ collections, fields }).filter(([, names]) => names.length > 0);
  const width = Math.max(0, ...entries.map(([key]) => key.length));
  const lines = entries.map(([key, names]) => `${key.padEnd(width)} = [${names.map((name) => `"${name}"`).join(', ')}]`);
  return ['[removed]', ...lines].join('\n');
}
