// Names of backups.

const ALLOWED = /^[a-z0-9_-]+\.zip$/;
const LONGEST = 150;

/** The name that is sent: the ending need not be typed. Empty: the server makes one up. */
export function nameOf(typed: string): string {
  const name = typed.trim();
  return name === '' || name.endsWith('.zip') ? name : `${name}.zip`;
}

/** What is wrong with a name. */
export function faultOf(name: string): string | undefined {
  if (name === '') return undefined;
  if (name.length > LONGEST) return `At most ${LONGEST} characters.`;
  return ALLOWED.test(name) ? undefined : 'Only small letters, digits, _ and -.';
}

/** Whether the clock made it: only those are deleted by it. */
export function isByClock(key: string): boolean {
  return key.startsWith('@auto_');
}
