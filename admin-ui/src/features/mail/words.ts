// How mails are spoken of.

/** The name of a sender, or the address where there is none: `Blog <hi@example.com>` is Blog. */
export function nameOf(sender: string): string {
  return /^(.+?)\s*<[^<>]+>$/.exec(sender)?.[1] ?? sender;
}
