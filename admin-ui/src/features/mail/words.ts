// How mails are spoken of.

/** Such as "1 mail" and "3 mails". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The name of a sender, or the address where there is none: `Blog <hi@example.com>` is Blog. */
export function nameOf(sender: string): string {
  return /^(.+?)\s*<[^<>]+>$/.exec(sender)?.[1] ?? sender;
}
