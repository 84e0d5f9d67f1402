// A client that wants to know every change of a collection: it listens, comes back when the connection
// broke, and reads what there is after every PB_CONNECT, as docs/realtime.md tells it to.

import { setTimeout as sleep } from "node:timers/promises";

import { Client } from "./http.mjs";
import { listen } from "./sse.mjs";

/** How long a client waits before it connects again; the stock one begins like this, too. */
const PAUSE = 200;

export class Subscriber {
  /** Begins at once. `url` may be that of a proxy; `reads` whether it reads after it connected. */
  constructor(name, url, from, { reads = true } = {}) {
    Object.assign(this, { name, url, from, reads });
    this.client = new Client(url, from);
    /** What it was told, in order: the connection's number, the record and the value. */
    this.told = [];
    /** The highest value of each record that it was told of, and that it read. */
    this.highest = new Map();
    this.values = new Set();
    this.read = new Map();
    /** One entry a connection: the node, when it was there, and when it was gone. */
    this.connections = [];
    this.refusals = [];
    this.isReady = false;
    this.running = this.run();
  }

  async run() {
    while (!this.isStopped) {
      try {
        await this.connect();
      } catch (error) {
        this.refusals.push({ at: performance.now(), why: error.code ?? error.message });
      }
      this.isReady = false;
      this.stream?.close();
      if (!this.isStopped) await sleep(PAUSE);
    }
  }

  async connect() {
    this.stream = await listen(this.url, { from: this.from, last: this.last });
    const first = await this.stream.next();
    if (first?.event !== "PB_CONNECT") return;
    const id = first.data.clientId;
    const connection = { node: this.stream.node, from: performance.now(), id };
    this.connections.push(connection);
    const heard = this.hear(this.connections.length);
    try {
      await this.subscribe(id);
      this.last = id;
      if (this.reads) await this.readAll();
      this.isReady = true;
    } catch (error) {
      this.stream.close();
      this.refusals.push({ at: performance.now(), why: error.message });
    }
    await heard;
    connection.to = performance.now();
  }

  async subscribe(clientId) {
    const body = { clientId, subscriptions: ["items/*"] };
    const answer = await this.client.ask("POST", "/api/realtime", body);
    if (answer.status !== 204) throw new Error(`subscribing: status ${answer.status}`);
  }

  async hear(connection) {
    for (;;) {
      const message = await this.stream.next();
      if (!message) return;
      if (message.event === "items/*") this.take(connection, message.data.record);
    }
  }

  take(connection, { id, value }) {
    this.told.push({ connection, id, value });
    this.values.add(`${id}:${value}`);
    if (value > (this.highest.get(id) ?? 0)) this.highest.set(id, value);
  }

  async readAll() {
    for (let page = 1; ; page += 1) {
      const query = `perPage=1000&page=${page}&skipTotal=1&fields=id,value&sort=id`;
      const { items } = await this.client.need("GET", `/api/collections/items/records?${query}`);
      for (const { id, value } of items) {
        if (value > (this.read.get(id) ?? 0)) this.read.set(id, value);
      }
      if (items.length < 1000) return;
    }
  }

  /** Whether it knows that the record had this value, or a later one. */
  knows(id, value) {
    return (this.highest.get(id) ?? 0) >= value || (this.read.get(id) ?? 0) >= value;
  }

  async stop() {
    this.isStopped = true;
    this.stream?.close();
    await this.running;
    this.client.close();
  }
}
