// Many realtime connections of one process: sockets that are read as bytes and not understood more than
// it takes to count messages.

import { connect } from "node:net";

import { addressOf, Client } from "./http.mjs";

/** Connections of one source address: ports run out at some 28,000. */
const PER_ADDRESS = 2000;

/** How many connections are being made at a time. */
const AT_ONCE = 200;

const MARK = Buffer.from("\ndata:{");

/** One connection. `ended` resolves when the server has closed it. */
class Connection {
  constructor(port, from) {
    Object.assign(this, { from, messages: 0, bytes: 0, tail: Buffer.alloc(0) });
    const socket = connect({ port, host: "127.0.0.1", localAddress: from });
    this.socket = socket;
    this.ended = new Promise((resolve) => socket.on("close", resolve));
    this.named = new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("closed before it had a name")));
      socket.on("data", (bytes) => this.take(bytes, resolve));
    });
    this.named.catch(() => {});
    socket.write(`GET /api/realtime HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  }

  take(bytes, name) {
    this.bytes += bytes.length;
    if (this.id === undefined) {
      this.tail = Buffer.concat([this.tail, bytes]);
      const text = this.tail.toString("latin1");
      const found = /"clientId":"([^"]+)"/.exec(text);
      const refused = /^HTTP\/1.1 (?!200)(\d+)/.exec(text);
      if (refused) this.socket.destroy(new Error(`status ${refused[1]}`));
      if (!found) return;
      this.id = found[1];
      this.tail = Buffer.alloc(0);
      name(this);
      return;
    }
    // A message may lie across two pieces.
    const all = Buffer.concat([this.tail, bytes]);
    let at = all.indexOf(MARK);
    let end = 0;
    while (at >= 0) {
      this.messages += 1;
      end = at + MARK.length;
      at = all.indexOf(MARK, end);
    }
    this.tail = all.subarray(Math.max(end, all.length - MARK.length + 1));
  }
}

/** Opens `count` connections to `port` that subscribed to `topics`. */
export async function openConnections(port, count, topics = ["items/*"]) {
  const clients = new Map();
  const connections = [];
  let next = 0;
  const work = async () => {
    while (next < count) {
      const from = addressOf(Math.floor(next / PER_ADDRESS));
      next += 1;
      const connection = new Connection(port, from);
      connections.push(connection);
      await connection.named;
      if (topics.length > 0) await subscribe(clientOf(clients, port, from), connection.id, topics);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const client of clients.values()) client.close();
  return connections;
}

/** Says what a connection wants to hear. */
export async function subscribe(client, clientId, subscriptions) {
  const answer = await client.ask("POST", "/api/realtime", { clientId, subscriptions });
  if (answer.status !== 204) throw new Error(`subscribing: ${answer.status} ${answer.text}`);
}

function clientOf(clients, port, from) {
  if (!clients.has(from)) {
    const client = new Client(`http://127.0.0.1:${port}`, from);
    client.agent.maxSockets = 8;
    clients.set(from, client);
  }
  return clients.get(from);
}

/** Closes them and waits until they are. */
export async function closeConnections(connections) {
  for (const { socket } of connections) socket.destroy();
  await Promise.all(connections.map(({ ended }) => ended));
}
