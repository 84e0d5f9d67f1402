// Short messages at the edge of the page: what was done, or what went wrong and needs no answer.

export type ToastTone = 'neutral' | 'good' | 'bad';

export interface Toast {
  id: number;
  message: string;
  tone: ToastTone;
}

/** Failures stay longer: they are read twice. */
const LASTS: Record<ToastTone, number> = { neutral: 5_000, good: 4_000, bad: 10_000 };

let next = 1;
export const toasts: Toast[] = $state([]);

export function toast(message: string, tone: ToastTone = 'neutral'): void {
  const id = next++;
  toasts.push({ id, message, tone });
  setTimeout(() => dismiss(id), LASTS[tone]);
}

export function dismiss(id: number): void {
  const index = toasts.findIndex((shown) => shown.id === id);
  if (index >= 0) toasts.splice(index, 1);
}
