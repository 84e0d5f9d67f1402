// What became of the writes: who was told of what, in which order, and what is in the database.

import assert from "node:assert/strict";

import { Client } from "./http.mjs";
import { until } from "./wait.mjs";

/** Every record as one node shows it: its value by its id. */
export async function recordsOf(url) {
  const client = new Client(url);
  const values = new Map();
  for (let page = 1; ; page += 1) {
    const query = `perPage=1000&page=${page}&skipTotal=1&fields=id,value&sort=id`;
    const { items } = await client.need("GET", `/api/collections/items/records?${query}`);
    for (const { id, value } of items) values.set(id, value);
    if (items.length < 1000) break;
  }
  client.close();
  return values;
}

/**
 * Writes once through each node and waits until every subscriber knows of it: what came before has
 * reached them by then, or never will.
 */
export async function settle(nodes, subscribers, round) {
  for (const [index, node] of nodes.entries()) {
    const client = new Client(node.url);
    const id = `end${index}t${round}`.padEnd(15, "x");
    const path = "/api/collections/items/records";
    await until(`node ${node.name} writes again`, async () => {
      const answer = await client.ask("POST", path, { id, value: 1 }).catch(() => undefined);
      return answer?.status === 200 || answer?.body?.data?.id;
    });
    client.close();
    for (const subscriber of subscribers) {
      const what = `${subscriber.name} hears of a write by node ${node.name}`;
      await until(what, () => subscriber.isReady && subscriber.knows(id, 1));
    }
  }
}

/**
 * Counts everything; what may never happen is in `lost`, `missed`, `stale`, `backwards`,
 * `crossed` and `ended`.
 */
export async function judge(ledger, nodes, subscribers) {
  const counts = { answered: ledger.answered.length, reads: ledger.reads, stale: ledger.stale.length };
  counts.lost = 0;
  for (const node of nodes) {
    const stored = await recordsOf(node.url);
    for (const [id, value] of ledger.last) counts.lost += (stored.get(id) ?? 0) < value ? 1 : 0;
  }
  Object.assign(counts, toldOf(ledger, subscribers), orderOf(ledger, subscribers));
  counts.found = ledger.found.length;
  counts.errors = ledger.errors.length;
  counts.gap = Math.round(ledger.longestGap());
  return counts;
}

/** Some of what was missed: by whom, which value of which record, who had answered it, and when. */
export function missesOf(ledger, subscribers) {
  const lines = [];
  for (const subscriber of subscribers) {
    for (const { id, value, node, at } of ledger.answered) {
      if (isTold(subscriber, id, value) || isRead(subscriber, id, value)) continue;
      const connection = subscriber.connections.findLast(({ from }) => from < at);
      const since = connection && `${Math.round(at - connection.from)} ms after it connected to ${connection.node}`;
      lines.push(`missed: ${subscriber.name}, ${id} = ${value}, answered by ${node}, ${since}`);
    }
  }
  return lines.slice(0, 20);
}

const isTold = (subscriber, id, value) => subscriber.values.has(`${id}:${value}`);
const isRead = (subscriber, id, value) => (subscriber.read.get(id) ?? 0) >= value;

/** Each answered write and each subscriber: told, only read after a new connection, or missed. */
function toldOf(ledger, subscribers) {
  const counts = { told: 0, read: 0, missed: 0 };
  for (const subscriber of subscribers) {
    for (const { id, value } of ledger.answered) {
      if (isTold(subscriber, id, value)) counts.told += 1;
      else if (isRead(subscriber, id, value)) counts.read += 1;
      else counts.missed += 1;
    }
  }
  return counts;
}

/**
 * Values that a connection was told after a higher one of the same record: `backwards` where one node
 * answered both writes, `crossed` where it were two. `ended` counts records whose last message is not
 * the last value, for a client that forgets what it knew before.
 */
function orderOf(ledger, subscribers) {
  const writers = new Map(ledger.answered.map(({ id, value, node }) => [`${id}:${value}`, node]));
  const counts = { backwards: 0, crossed: 0, ended: 0 };
  for (const subscriber of subscribers) {
    const highest = new Map();
    const last = new Map();
    for (const { connection, id, value } of subscriber.told) {
      if (!ledger.last.has(id)) continue;
      const key = `${connection} ${id}`;
      const before = highest.get(key) ?? 0;
      if (value < before) {
        const [one, other] = [writers.get(`${id}:${before}`), writers.get(`${id}:${value}`)];
        if (one !== undefined && one === other) counts.backwards += 1;
        else counts.crossed += 1;
      }
      highest.set(key, Math.max(before, value));
      last.set(id, value);
    }
    for (const [id, value] of last) counts.ended += value < ledger.last.get(id) ? 1 : 0;
  }
  return counts;
}

/** What holds whatever happens to nodes and database. */
export function hold(counts) {
  assert.ok(counts.answered > 0, "writes were answered");
  assert.equal(counts.lost, 0, "answered writes that are not in the database");
  assert.equal(counts.stale, 0, "reads that were older than an answer before them");
  assert.equal(counts.missed, 0, "changes that a subscriber neither was told nor could read");
  assert.equal(counts.backwards, 0, "changes of a record by one node, told in another order");
  assert.equal(counts.crossed, 0, "changes of a record by several nodes, told in another order");
  assert.equal(counts.ended, 0, "records whose last message is not their last value");
}

/** The errors that callers saw: of which kind, how many, for how long. */
export function errorsOf(ledger) {
  const kinds = new Map();
  for (const { what, why, at, node } of ledger.errors) {
    const by = node ? "by a node" : "by the proxy";
    const kind = typeof why === "number" ? `${what} ${why} ${by}` : `${what} ${why}`;
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push(at);
  }
  return [...kinds].map(([kind, times]) => {
    return `${kind}: ${times.length} in ${Math.round(Math.max(...times) - Math.min(...times))} ms`;
  });
}
