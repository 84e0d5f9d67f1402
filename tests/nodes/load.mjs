// Writers that note every write that was answered, and readers that hold the answers against it.

import { setTimeout as sleep } from "node:timers/promises";

import { Client } from "./http.mjs";
import { until } from "./wait.mjs";

/** Records of one writer, and how often it makes a new one until it has them. */
const RECORDS = 40;
const CREATES = 4;

/** What all writers did. */
export class Ledger {
  constructor() {
    /** The writes that were answered, in the order of the answers. */
    this.answered = [];
    /** By record: the last value that was answered, and the last one that was sent. */
    this.last = new Map();
    this.sent = new Map();
    /** Whose answer went missing and who turned out to be there. */
    this.found = [];
    this.errors = [];
    this.stale = [];
    this.reads = 0;
  }

  note(id, value, node) {
    this.answered.push({ id, value, node, at: performance.now() });
    if (value > (this.last.get(id) ?? 0)) this.last.set(id, value);
  }

  fail(what, why, node) {
    this.errors.push({ at: performance.now(), what, why, node });
  }

  /** The longest time without an answered write since `since`, in milliseconds. */
  longestGap(since = 0) {
    const times = this.answered.map(({ at }) => at).filter((at) => at >= since);
    return Math.max(0, ...times.slice(1).map((at, index) => at - times[index]));
  }
}

export class Load {
  static count = 0;

  /** Starts writers and readers that ask `url`, each from its address: `from(n)`. */
  constructor(url, { writers, readers, pause = 10, from }) {
    Object.assign(this, { url, pause, number: Load.count++, ledger: new Ledger() });
    const workers = [
      ...Array.from({ length: writers }, (_, n) => this.write(n, new Client(url, from(n)))),
      ...Array.from({ length: readers }, (_, n) => this.look(n, new Client(url, from(writers + n)))),
    ];
    this.running = Promise.all(workers);
    this.running.catch((error) => (this.broken = error));
  }

  async write(n, client) {
    const { ledger } = this;
    const mine = [];
    for (let round = 0; !this.isStopped; round += 1) {
      const isNew = mine.length === 0 || (mine.length < RECORDS && round % CREATES === 0);
      const id = isNew ? this.idOf(n, mine.length) : mine[round % mine.length];
      if (isNew) mine.push(id);
      const value = (ledger.sent.get(id) ?? 0) + 1;
      ledger.sent.set(id, value);
      await this.insist(client, isNew, id, value, `writer ${n}`);
      await sleep(this.pause);
    }
    client.close();
  }

  /** Sends a write until it is answered, or nobody wants to know any more. */
  async insist(client, isNew, id, value, writer) {
    const { ledger } = this;
    const path = "/api/collections/items/records";
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = isNew
          ? await client.ask("POST", path, { id, value, writer })
          : await client.ask("PATCH", `${path}/${id}`, { value });
        if (answer.status === 200) return ledger.note(id, value, answer.node);
        ledger.fail("write", answer.status, answer.node);
        if (isNew && attempt > 1 && answer.body?.data?.id?.code === "validation_not_unique") {
          // It took place when nobody could answer: from now on it is known to be there.
          ledger.found.push({ id, value });
          return ledger.last.set(id, value);
        }
        if (answer.status < 429) {
          throw new Error(`a write is refused with ${answer.status}: ${answer.text}`);
        }
      } catch (error) {
        if (!error.code && error.message !== "no answer in time") throw error;
        ledger.fail("write", error.code ?? error.message);
      }
      if (this.isStopped) return undefined;
      await sleep(50);
    }
  }

  /** Reads records one after the other: none may be older than what was answered before. */
  async look(n, client) {
    const { ledger } = this;
    for (let round = n; !this.isStopped; round += 1) {
      await sleep(this.pause);
      const known = [...ledger.last.keys()];
      if (known.length === 0) continue;
      const id = known[(round * 7) % known.length];
      const least = ledger.last.get(id);
      try {
        const answer = await client.ask("GET", `/api/collections/items/records/${id}`);
        ledger.reads += 1;
        const isStale = answer.status === 404 || (answer.status === 200 && answer.body.value < least);
        if (isStale) ledger.stale.push({ id, least, answer: answer.text, node: answer.node });
        if (answer.status >= 429) ledger.fail("read", answer.status, answer.node);
      } catch (error) {
        ledger.fail("read", error.code ?? error.message);
      }
    }
    client.close();
  }

  /** Waits until `count` further writes were answered. */
  answered(count, within = 60_000) {
    const wanted = this.ledger.answered.length + count;
    const isThere = () => {
      if (this.broken) throw this.broken;
      return this.ledger.answered.length >= wanted;
    };
    return until(`${count} more writes are answered`, isThere, { within });
  }

  /** Ids have fifteen characters. */
  idOf(writer, number) {
    return `l${this.number}w${writer}r${number}`.padEnd(15, "x");
  }

  async stop() {
    this.isStopped = true;
    await this.running;
    return this.ledger;
  }
}
