// The codes of the second step, as people type them.

import { ApiError, messageOf } from '../../api';
import { waiting } from './waiting';

/** Without the blanks that apps and people put between groups. */
export function compact(typed: string): string {
  return typed.replace(/\s+/g, '');
}

/** Six digits; whoever pastes a recovery code in their place meant it. */
export function faultOfAuthenticator(code: string): string {
  return /^\d{6}$/.test(code) || isRecoveryCode(code) ? '' : 'Enter the six digits that the app shows now.';
}

export function faultOfRecovery(code: string): string {
  return isRecoveryCode(code) ? '' : 'A recovery code has four groups of four characters.';
}

/** A mailed code has the length that the collection says. */
export function faultOfMailed(code: string): string {
  return code ? '' : 'Enter the code from the mail.';
}

/** A sentence about a code that was sent and not taken. */
export function refusalOfCode(err: unknown): string {
  if (!(err instanceof ApiError) || err.status !== 400) return refusalOf(err);
  return 'The code is not right, was used already, or came too late. Try the newest one, or start again.';
}

export function refusalOf(err: unknown): string {
  if (!(err instanceof ApiError)) return messageOf(err);
  if (err.status === 429) return `Too many tries. ${waiting(err.retryAfter)}`;
  return err.message;
}

/** The dashes are for the eye. */
function isRecoveryCode(code: string): boolean {
  return /^[a-z\d]{4}(-?[a-z\d]{4}){3}$/i.test(code);
}
