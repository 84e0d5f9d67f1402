// How jobs of the queue are spoken of.

import type { Job } from '../../api';

/** What a job is about, in a few words. */
export function titleOf({ subject, kind }: Job): string {
  return subject || kind;
}

/** Where it goes, with a word before it. */
export function receiverOf({ kind, to }: Job): string {
  if (!to) return '';
  return kind === 'webhook' ? `for webhook ${to}` : `to ${to}`;
}

/** Whether one that waits need not wait any longer. What happens by the clock is not taken out of its turn. */
export function canBeHurried({ state, kind, attempts }: Job): boolean {
  return state === 'waiting' && kind !== 'cron' && attempts > 0;
}

/** What jobs are kept apart by: all mails are one, each webhook is another. */
export function groupOf({ kind, to }: Job): string {
  return kind === 'webhook' ? `webhook:${to}` : kind;
}

/** A group as a button says it. */
export function groupName(group: string): string {
  const [kind, name] = group.split(/:(.*)/s);
  if (kind === 'webhook') return name ? `Webhook ${name}` : 'Webhooks';
  return kind === 'mail' ? 'Mails' : (kind ?? group);
}

/** The groups there are, by name, each with its number of jobs. */
export function groupsOf(jobs: Job[]): { group: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const job of jobs) counts.set(groupOf(job), (counts.get(groupOf(job)) ?? 0) + 1);
  return [...counts].map(([group, count]) => ({ group, count })).sort((a, b) => groupName(a.group).localeCompare(groupName(b.group)));
}
