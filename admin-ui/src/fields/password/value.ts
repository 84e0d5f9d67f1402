export const blank = () => '';

/** Passwords are never read back, so there is nothing to show but what was typed just now. */
export const summary = (value: unknown) => (value ? '••••••••' : '');

// Without the letters that are mistaken for one another when a password is read out.
const LETTERS = 'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** A random password of 20 letters and digits, which is 116 bits. */
export function generatePassword(length = 20): string {
  const chosen: string[] = [];
  while (chosen.length < length) {
    for (const byte of crypto.getRandomValues(new Uint8Array(length * 2))) {
      // The bytes above the last whole round would make some letters likelier than others.
      if (byte < 256 - (256 % LETTERS.length) && chosen.length < length) chosen.push(LETTERS[byte % LETTERS.length]!);
    }
  }
  return chosen.join('');
}
