// Many writes told to many: NODES_RATE writes a second for NODES_SECONDS seconds, each told to
// NODES_SUBSCRIBERS. Memory has to stay flat. This program reads all of it in one process, and says how
// busy it was: when that is near 100 %, it is the reader that was measured.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Databases } from "../differential/databases.mjs";
import { Client } from "./http.mjs";
import { startNodes } from "./nodes.mjs";
import { closeConnections, openConnections } from "./sockets.mjs";
import { report } from "./stage.mjs";
import { until } from "./wait.mjs";

const rate = Number(process.env.NODES_RATE ?? 1000);
const seconds = Number(process.env.NODES_SECONDS ?? 60);
const subscribers = Number(process.env.NODES_SUBSCRIBERS ?? 1000);
const writers = 16;
const megabyte = 1 << 20;

const databases = new Databases(process.env.TEST_POSTGRES_URL);
let cluster, node;

before(async () => {
  cluster = await startNodes(1, await databases.next());
  [node] = cluster.nodes;
});

after(async () => {
  await cluster?.stop();
  await databases.drop();
});

test(`${rate} writes a second, told to ${subscribers}, for ${seconds} s`, async () => {
  const port = Number(node.address.split(":")[1]);
  let connections = await openConnections(port, subscribers);
  const begun = performance.now();
  const used = process.cpuUsage();
  const spent = node.cpu;
  const samples = [];
  const sample = setInterval(() => samples.push(node.memory), 1000);
  let written = 0;
  const write = async (n) => {
    const client = new Client(node.url);
    for (let round = 0; performance.now() - begun < seconds * 1000; round += 1) {
      const due = begun + ((round * writers + n) / rate) * 1000;
      const early = due - performance.now();
      if (early > 1) await sleep(early);
      const id = `f${n}r${round}`.padEnd(15, "x");
      const answer = await client.ask("POST", "/api/collections/items/records", { id, value: round });
      if (answer.status === 200) written += 1;
    }
    client.close();
  };
  await Promise.all(Array.from({ length: writers }, (_, n) => write(n)));
  const ended = performance.now();
  const { user, system } = process.cpuUsage(used);
  const isTold = () => connections.every(({ messages, socket }) => socket.destroyed || messages >= written);
  await until("everybody is told", isTold, { within: 60_000, every: 100 });
  clearInterval(sample);
  const cpu = node.cpu - spent;
  const cut = connections.filter(({ socket }) => socket.destroyed).length;
  const told = connections.reduce((sum, { messages }) => sum + messages, 0);
  const took = (ended - begun) / 1000;
  const half = samples.length >> 1;
  const [early, late] = [samples.slice(2, half), samples.slice(half)].map((part) => Math.max(...part));
  report(`${rate} writes a second told to ${subscribers}`, {
    "writes/s": (written / took).toFixed(0),
    "told/s": (told / took).toFixed(0),
    "cut off": cut,
    "RSS, first half": `${(early / megabyte).toFixed(0)} MB`,
    "second half": `${(late / megabyte).toFixed(0)} MB`,
    "server": `${(cpu / 1e4 / took).toFixed(0)} % of a core`,
    "each message": `${(cpu / told).toFixed(1)} µs`,
    "this reader": `${((user + system) / 1e4 / took).toFixed(0)} % of a core`,
  });
  await closeConnections(connections);
  connections = [];
  assert.ok(late < early * 1.25 + 16 * megabyte, "memory grows");
});
