// Addresses and networks, as far as one has to know whether an address is in a list of them.

/** Whether one of the entries, each an address or a network such as `10.0.0.0/8`, holds the address. */
export function holds(entries: string[], address: string): boolean {
  const wanted = bitsOf(address);
  return wanted !== undefined && entries.some((entry) => isIn(entry, wanted));
}

function isIn(entry: string, wanted: string): boolean {
  const [base = '', length] = entry.trim().split('/');
  const bits = bitsOf(base);
  if (bits === undefined) return false;
  const size = isV4(base) ? 32 : 128;
  const prefix = length === undefined ? size : Number(length);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > size) return false;
  // IPv4 lies at the end of IPv6, so its prefixes are longer by what is before it.
  const shared = 128 - size + prefix;
  return bits.slice(0, shared) === wanted.slice(0, shared);
}

const isV4 = (text: string) => /^\d{1,3}(\.\d{1,3}){3}$/.test(text);

/** The 128 bits of an address; IPv4 as mapped into IPv6. */
function bitsOf(text: string): string | undefined {
  const groups = isV4(text) ? mapped(text) : groupsOf(text);
  if (groups?.length !== 8 || groups.some((group) => !(group >= 0 && group <= 0xffff))) return undefined;
  return groups.map((group) => group.toString(2).padStart(16, '0')).join('');
}

function mapped(text: string): number[] | undefined {
  const [a = 256, b = 256, c = 256, d = 256] = text.split('.').map(Number);
  if ([a, b, c, d].some((part) => part > 255)) return undefined;
  return [0, 0, 0, 0, 0, 0xffff, a * 256 + b, c * 256 + d];
}

function groupsOf(text: string): number[] | undefined {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const tail = mapped(dotted[2]!)?.slice(6);
    return tail && groupsOf(dotted[1] + tail.map((group) => group.toString(16)).join(':'));
  }
  const halves = text.toLowerCase().split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':').map(hex)));
  const gap = 8 - head.length - tail.length;
  if (halves.length === 1) return head;
  return gap < 1 ? undefined : [...head, ...Array<number>(gap).fill(0), ...tail];
}

const hex = (group: string) => (/^[0-9a-f]{1,4}$/.test(group) ? parseInt(group, 16) : -1);
