// Many realtime connections to one node: how much memory they take, and what rude ones do to others.
// NODES_CONNECTIONS of them: 500, and 10,000 in `make stress`.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Databases } from "../differential/databases.mjs";
import { addressOf, Client } from "./http.mjs";
import { startNodes } from "./nodes.mjs";
import { closeConnections, openConnections, subscribe } from "./sockets.mjs";
import { report } from "./stage.mjs";
import { until } from "./wait.mjs";

const count = Number(process.env.NODES_CONNECTIONS ?? 500);
const megabyte = 1 << 20;
/** 400 MB for 10,000, beside what the server has without any. */
const mostPerConnection = (400 * megabyte) / 10_000;

const databases = new Databases(process.env.TEST_POSTGRES_URL);
let cluster, node, port, client, records = 0;

before(async () => {
  cluster = await startNodes(1, await databases.next());
  [node] = cluster.nodes;
  port = Number(node.address.split(":")[1]);
  client = new Client(node.url);
});

after(async () => {
  client?.close();
  await cluster?.stop();
  await databases.drop();
});

const write = (body = "") => {
  const id = `c${records++}`.padEnd(15, "x");
  return client.need("POST", "/api/collections/items/records", { id, value: 1, body });
};

test(`${count} open connections, the memory they take, and a write that all are told of`, async () => {
  await write();
  const before = node.memory;
  const begun = performance.now();
  const connections = await openConnections(port, count);
  const opened = performance.now();
  const idle = node.memory;
  await write();
  const sent = performance.now();
  await until("all are told", () => connections.every(({ messages }) => messages === 1), { every: 5 });
  const told = performance.now();
  const after = node.memory;
  await closeConnections(connections);
  report(`${count} connections to one node`, {
    "RSS before": `${mb(before)} MB`,
    "RSS with them": `${mb(idle)} MB`,
    "after a write": `${mb(after)} MB`,
    "each": `${((after - before) / count / 1024).toFixed(1)} kB`,
    "opened in": `${((opened - begun) / 1000).toFixed(1)} s`,
    "all told in": `${(told - sent).toFixed(0)} ms`,
  });
  if (count >= 10_000) assert.ok(after < 400 * megabyte, `${mb(after)} MB`);
  assert.ok(after - before < Math.max(count * mostPerConnection, 32 * megabyte), "memory of each");
});

test("storms of connections leave nothing behind", async () => {
  const storms = 10;
  let first;
  const begun = performance.now();
  for (let storm = 0; storm < storms; storm += 1) {
    const connections = await openConnections(port, count / 5);
    // Half of them just go, the others in an orderly way.
    connections.forEach(({ socket }, n) => (n % 2 ? socket.resetAndDestroy() : socket.end()));
    await closeConnections(connections);
    first ??= node.memory;
  }
  const last = node.memory;
  report(`${storms} storms of ${count / 5} connections`, {
    "after the first": `${mb(first)} MB`,
    "after the last": `${mb(last)} MB`,
    "took": `${((performance.now() - begun) / 1000).toFixed(1)} s`,
  });
  assert.ok(last - first < 48 * megabyte, "storms pile up");
  const [one] = await openConnections(port, 1);
  await write();
  await until("somebody who came later is told", () => one.messages === 1);
  await closeConnections([one]);
});

test("who never reads is cut off and costs others nothing", async () => {
  const rude = await openConnections(port, Math.min(count / 10, 200));
  const [polite] = await openConnections(port, 1);
  for (const { socket } of rude) socket.pause();
  const before = node.memory;
  const body = "x".repeat(64 << 10);
  // 8 MB may wait in the server, and some more in the buffers of the system.
  const writes = 300;
  let most = 0;
  const written = polite.messages;
  for (let n = 0; n < writes; n += 1) {
    await write(body);
    most = Math.max(most, node.memory);
  }
  await until("who reads is told of all", () => polite.messages === written + writes);
  // What was in the buffers still arrives, and then the end.
  for (const { socket } of rude) socket.resume();
  const isOver = () => rude.every(({ socket }) => socket.destroyed);
  await until("who does not read is cut off", isOver, { within: 60_000 });
  const received = Math.max(...rude.map(({ messages }) => messages));
  report(`${rude.length} connections that do not read, ${writes} writes of 64 KiB`, {
    "RSS before": `${mb(before)} MB`,
    "at most": `${mb(most)} MB`,
    "most received": received,
  });
  assert.ok(received < writes, "they were told of everything");
  assert.ok(most - before < 200 * megabyte, "memory for who does not read");
  await closeConnections([polite]);
});

test("a thousand topics of one client, and not one more", async () => {
  const [connection] = await openConnections(port, 1, []);
  const asker = new Client(node.url, addressOf(0));
  const topics = (number) => Array.from({ length: number }, (_, n) => `items/${n}`.padEnd(200, "x"));
  await assert.rejects(subscribe(asker, connection.id, topics(1001)), /400/);
  // Over and over: each time replaces the topics of before.
  for (let round = 0; round < 50; round += 1) await subscribe(asker, connection.id, topics(1000));
  await subscribe(asker, connection.id, [...topics(999), "items/*"]);
  await write();
  await until("it is told", () => connection.messages === 1);
  asker.close();
  await closeConnections([connection]);
});

const mb = (bytes) => (bytes / megabyte).toFixed(0);
