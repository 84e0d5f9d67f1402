/** How many recovery codes are left, and what follows from it. */
export function leftOf(count: number): string {
  if (count === 0) return 'No recovery code is left. Make new ones: without the app they are the only way in.';
  const left = count === 1 ? '1 recovery code is' : `${count} recovery codes are`;
  return `${left} left, for the day the app is lost.`;
}

/** The secret in groups, as one types it off a screen. */
export function grouped(secret: string): string {
  return (secret.match(/.{1,4}/g) ?? []).join(' ');
}

/** The file that keeps recovery codes. */
export function fileOf(codes: string[], host: string, email: string): string {
  return [`Recovery codes of ${email} at ${host}`, 'Each works once, in the place of a code of the authenticator.', '', ...codes, ''].join('\n');
}
