// W8: how long it takes until the last of many realtime connections was told of a write, what open
// connections hold, and how much can be told for a minute. fanout.rs has the connections.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { password, userIds } from "./data.mjs";
import { inTurns } from "./measure.mjs";
import { Program } from "./program.mjs";
import { printDelivery } from "./report.mjs";
import { superuser } from "./servers.mjs";
import { text } from "./workloads.mjs";

/** Whose list rule decides, and in how many milliseconds half of the writes are to be told to all. */
const kinds = [
  { collection: "news", title: "1,000 guests, public list rule", target: 6 },
  { collection: "chat", title: "1,000 of 100 users, membership rule", isOfUsers: true, target: 8 },
];
const subscribers = 1000;

/** Open connections whose memory is looked at. */
const counts = [1000, 10_000];
const secondsOfIdleness = 2;

/** Writes a second that are tried. */
const rate = 1000;
const secondsBetweenSamples = 0.5;

/** No room of the data has all users in it. */
const room = "roomofallusers0";
const collections = new URL("fanout.json", import.meta.url);

/** Measures all of it on `servers`; `onCopies` runs them on copies of their data for as long as work takes. */
export async function measureFanout(servers, onCopies, { tool, rounds, quick }) {
  const deliveries = [];
  await onCopies(async () => {
    const tokens = new Map();
    for (const server of servers) {
      await makeRoom(server);
      tokens.set(server, await signInAll(server));
    }
    for (const kind of kinds) {
      const tokensOf = (server) => (kind.isOfUsers ? tokens.get(server) : []);
      const writes = quick ? 50 : 200;
      const results = await inTurns(servers, rounds, (server) => {
        return deliver(server, tool, kind, { tokens: tokensOf(server), writes });
      });
      deliveries.push({ kind, results });
      printDelivery(deliveries.at(-1), servers);
    }
  });
  // From here on nobody signs in, for hashing a password takes more memory than all that is looked at.
  const seconds = quick ? 10 : 60;
  const [memory, rates] = [[], []];
  for (const server of servers) {
    memory.push(await started(server, () => hold(server, tool)));
    rates.push(await started(server, () => writeAtRate(server, tool, seconds)));
  }
  return { deliveries, memory: { counts, results: memory }, rates: { rate, seconds, results: rates } };
}

/** Makes what is measured and is not among the loaded rows. */
async function makeRoom(server) {
  const token = await server.signIn("_superusers", superuser);
  if (server.name === "PocketBase") {
    const body = JSON.parse(readFileSync(collections, "utf8"));
    await server.ask("PUT", "/api/collections/import", { token, body });
  }
  const create = (collection, body) => {
    return server.ask("POST", `/api/collections/${collection}/records`, { token, body });
  };
  await create("room", { id: room, name: "Room of all users" });
  for (const user of userIds) {
    await create("room_members", { user, room });
  }
}

async function signInAll(server) {
  const tokens = [];
  for (const number of userIds.keys()) {
    tokens.push(await server.signIn("users", { identity: `user${number}@example.com`, password }));
  }
  return tokens;
}

/** Opens `subscribers` connections that are told of records of `collection`. */
async function open(server, tool, { collection, subscribers, tokens = [] }, more = []) {
  const readers = new Program(tool);
  const command = ["--address", new URL(server.url).host, "--topic", `${collection}/*`];
  command.push("--subscribers", subscribers, "--writer", server.token);
  command.push("--path", `/api/collections/${collection}/records`);
  command.push("--body", JSON.stringify({ room, data: `{number} ${text}` }));
  if (tokens.length > 0) {
    command.push("--tokens", tokens.join(","));
  }
  await readers.start([...command, ...more]);
  return readers;
}

/** One cell of one round: writes, one after the other. */
async function deliver(server, tool, { collection }, { tokens, writes }) {
  const who = { collection, subscribers, tokens };
  const readers = await open(server, tool, who, ["--writes", writes]);
  const before = server.cpu;
  const { writes: written, p50, p99 } = await readers.ask("go");
  const cpu = (server.cpu - before) / written;
  await readers.stop();
  // What the server does about closed connections is not to fall into the next cell.
  await sleep(secondsOfIdleness * 1000);
  return { cpu, p50, p99 };
}

/** Starts `server` anew on what it had, for as long as `work` takes. */
async function started(server, work) {
  await server.start(server.dir);
  const result = await work();
  await server.stop();
  return result;
}

/** Resident memory without connections, and with so many as `counts` says. */
async function hold(server, tool) {
  const [memory, readers] = [[], []];
  let opened = 0;
  for (const count of [0, ...counts]) {
    if (count > opened) {
      const who = { collection: "news", subscribers: count - opened };
      readers.push(await open(server, tool, who));
      opened = count;
    }
    await sleep(secondsOfIdleness * 1000);
    memory.push(server.memory);
  }
  await Promise.all(readers.map((reader) => reader.stop()));
  return memory;
}

/** What is reached when `rate` writes a second are tried, and resident memory meanwhile. */
async function writeAtRate(server, tool, seconds) {
  const options = ["--rate", rate, "--seconds", seconds];
  const readers = await open(server, tool, { collection: "news", subscribers }, options);
  const memory = [server.memory];
  const sampling = setInterval(() => memory.push(server.memory), secondsBetweenSamples * 1000);
  const [before, readBefore] = [server.cpu, readers.cpu];
  const result = await readers.ask("go");
  clearInterval(sampling);
  const figures = {
    writes: result.writes / result.seconds,
    messages: result.messages / result.seconds,
    cpu: (server.cpu - before) / result.messages,
    reading: (readers.cpu - readBefore) / 1e6 / result.seconds,
    start: memory[0],
    middle: memory[Math.floor(memory.length / 2)],
    end: server.memory,
  };
  await readers.stop();
  return figures;
}
