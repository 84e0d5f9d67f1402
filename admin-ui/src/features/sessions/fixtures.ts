import type { SessionEntry } from '../../api';

export function entry(id: string, more: Partial<SessionEntry> = {}): SessionEntry {
  return {
    id, collectionRef: 'c', recordRef: 'r', method: 'password', address: '198.51.100.7',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    created: '2026-01-01 00:01:00.000Z', used: '2026-01-02 00:01:00.000Z', expires: '2026-01-08 00:01:00.000Z', current: false,
    ...more,
  };
}
