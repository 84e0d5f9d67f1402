// How settings are spoken of.

import { fileName } from '../../ui/paths';
import { config } from '../config/config.svelte';

/** Why a field cannot be changed. */
export function pinnedHint(): string {
  return `Set in ${fileName(config.state?.file ?? 'config.toml')}`;
}

/** The lines that say something. */
export function linesOf(text: string): string[] {
  return text.split(/[\n,]/).map((line) => line.trim()).filter(Boolean);
}

export const SCHEDULES = [
  { value: '', label: 'Never' },
  { value: '0 3 * * *', label: 'Every night at 3:00 UTC' },
  { value: '0 3 * * 0', label: 'Every Sunday at 3:00 UTC' },
  { value: '0 3 1 * *', label: 'On the first of the month at 3:00 UTC' },
];

/** A schedule in words where there are some. */
export function scheduleOf(cron: string): string {
  return SCHEDULES.find(({ value }) => value === cron)?.label ?? `${cron} UTC`;
}

export const LEVELS = [
  { value: -4, label: 'Everything, also what is for debugging' },
  { value: 0, label: 'All requests' },
  { value: 4, label: 'Warnings and errors' },
  { value: 8, label: 'Errors alone' },
];
