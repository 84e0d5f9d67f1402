// Nodes behind a proxy, with clients that write, read and listen; and what came of it.

import { addressOf } from "./http.mjs";
import { Load } from "./load.mjs";
import { startNodes } from "./nodes.mjs";
import { startProxy } from "./proxy.mjs";
import { Subscriber } from "./subscriber.mjs";
import { errorsOf, hold, judge, missesOf, settle } from "./verdict.mjs";
import { until } from "./wait.mjs";

export class Stage {
  /** Three nodes on `database`. Clients listen through the proxy, each from an address of its own. */
  static async open(database, { subscribers = 6, writers = 6, readers = 3, pause } = {}) {
    const stage = new Stage();
    stage.size = { writers, readers, pause, from: (n) => addressOf(500 + n) };
    stage.rounds = 0;
    try {
      await stage.start(database, subscribers);
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  async start(database, subscribers) {
    this.cluster = await startNodes(3, database);
    this.nodes = this.cluster.nodes;
    this.proxy = await startProxy(this.nodes);
    this.subscribers = Array.from(
      { length: subscribers },
      (_, n) => new Subscriber(`subscriber ${n}`, this.proxy.url, addressOf(n)),
    );
    await this.allListen();
  }

  begin() {
    if (this.load) this.load.isStopped = true;
    this.connectionsBefore = this.connections;
    this.load = new Load(this.proxy.url, this.size);
    return this.load;
  }

  /** How often subscribers have connected. */
  get connections() {
    return this.subscribers.reduce((sum, { connections }) => sum + connections.length, 0);
  }

  allListen() {
    return until("everybody listens", () => this.subscribers.every(({ isReady }) => isReady));
  }

  /** Stops the load, counts, prints the counts, and asserts what has to hold. */
  async finish(title) {
    const ledger = await this.load.stop();
    await this.allListen();
    await settle(this.nodes, this.subscribers, this.rounds++);
    const counts = await judge(ledger, this.nodes, this.subscribers);
    counts.reconnected = this.connections - this.connectionsBefore;
    report(title, counts, [...errorsOf(ledger), ...missesOf(ledger, this.subscribers)]);
    hold(counts);
    return counts;
  }

  async close() {
    if (this.load) this.load.isStopped = true;
    await Promise.all((this.subscribers ?? []).map((subscriber) => subscriber.stop()));
    await this.proxy?.stop();
    await this.cluster?.stop();
  }
}

/** A table of counts, and what does not fit into it. */
export function report(title, counts, lines = []) {
  console.log(`\n${title}`);
  const names = Object.keys(counts);
  const width = (name) => Math.max(name.length, String(counts[name]).length);
  console.log(`  ${names.map((name) => name.padStart(width(name))).join("  ")}`);
  console.log(`  ${names.map((name) => String(counts[name]).padStart(width(name))).join("  ")}`);
  for (const line of lines) console.log(`  ${line}`);
}
