// Waiting for what will happen, and no longer than a test may take.

import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `ask` answers something; says what was waited for when that takes too long. */
export async function until(what, ask, { within = 30_000, every = 20 } = {}) {
  const end = performance.now() + within;
  for (;;) {
    const found = await ask();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited ${within} ms in vain: ${what}`);
    await sleep(every);
  }
}
