#!/usr/bin/env node
// W12: W6, nine views and one create, for as long as is wanted; then `kill -9`, and the same data again.
// Fails unless the log of the database stayed bounded, memory and open files flat, every request was
// answered as expected, and every answered create is there afterwards.
//
//   bench/soak.mjs --ferrobase BINARY [--seconds 600] [--connections 64]
//
// `make soak` builds the executable first. Ends by itself.

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import { Client } from "../tests/nodes/http.mjs";
import { password } from "./data.mjs";
import { ferrobase, superuser } from "./servers.mjs";
import { text } from "./workloads.mjs";

const { values: options } = parseArgs({
  options: {
    ferrobase: { type: "string" },
    seconds: { type: "string", default: "600" },
    connections: { type: "string", default: "64" },
    every: { type: "string", default: "1" },
  },
});

const MEGABYTE = 1 << 20;
const ROOMS = 10;
const FIRST_MESSAGES = 1000;

// What is asked of the run. A log is bounded when it does not grow with what was written: it is copied
// into the database as soon as it is a few megabytes long, which takes longer on a busy machine.
const LARGEST_LOG = 64 * MEGABYTE;
const GROWTH_OF_MEMORY = 0.15;
const SLACK_OF_MEMORY = 16 * MEGABYTE;
const SLACK_OF_FILES = 8;
const LONGEST_REOPENING = 10_000;

const seconds = Number(options.seconds);
const connections = Number(options.connections);
if (!(seconds >= 8 && connections >= 1)) {
  console.error("--seconds must be 8 or more, and --connections 1 or more");
  process.exit(1);
}
const records = "/api/collections/message/records";
const folder = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), "ferrobase-soak-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const limit = setTimeout(() => {
  console.error("stopped: the run took ten minutes longer than it should have");
  process.exit(1);
}, (seconds + 600) * 1000);

const server = ferrobase(options.ferrobase);
const dir = join(folder, "data");

server.makeSuperuser(dir);
await server.start(dir);
const world = await fill();
console.log(`${seconds} s of W6 on ${connections} connections, ${server.version}`);
const samples = [];
const answered = new Map();
const trouble = [];
let views = 0;
let isOver = false;
const begun = performance.now();
const load = Promise.all(Array.from({ length: connections }, (_, number) => work(number)));
await watch();
// In the middle of it all.
server.child.kill("SIGKILL");
isOver = true;
await load;
const reopening = await server.start(dir);
const stored = await everything();
const lost = [...answered].filter(([id, rank]) => stored.get(id) !== rank);
const code = report();
await server.stop();
clearTimeout(limit);
process.exit(code);

/** A member of every room, and some messages to view. */
async function fill() {
  const token = await server.signIn("_superusers", superuser);
  const create = async (collection, body) => {
    return (await server.ask("POST", `/api/collections/${collection}/records`, { token, body })).id;
  };
  const email = "user@example.com";
  const user = await create("users", { email, password, passwordConfirm: password });
  const rooms = [];
  for (let number = 0; number < ROOMS; number += 1) {
    const room = await create("room", { name: `Room ${number}` });
    await create("room_members", { user, room });
    rooms.push(room);
  }
  const messages = [];
  for (let rank = 0; rank < FIRST_MESSAGES; rank += 1) {
    messages.push(await create("message", { owner: user, room: rooms[rank % ROOMS], data: text, rank }));
  }
  return { user, rooms, messages, token: await server.signIn("users", { identity: email, password }) };
}

/** Nine views and one create, again and again, over one connection. */
async function work(number) {
  const client = new Client(server.url);
  const { user, rooms, messages, token } = world;
  for (let round = 0; !isOver; round += 1) {
    const at = number + round * connections;
    try {
      if (round % 10 === 9) {
        const body = { owner: user, room: rooms[at % ROOMS], data: text, rank: at };
        const { status, body: made, text: said } = await client.ask("POST", records, body, { token });
        if (status === 200) answered.set(made.id, at);
        else trouble.push(`a create is answered ${status}: ${said}`);
      } else {
        const id = messages[at % messages.length];
        const { status, body: seen } = await client.ask("GET", `${records}/${id}`, undefined, { token });
        if (status === 200 && seen.id === id) views += 1;
        else trouble.push(`a view is answered ${status}`);
      }
    } catch (error) {
      // Nobody answers once the server was killed.
      if (!isOver) trouble.push(String(error));
      if (trouble.length > 100) break;
    }
  }
  client.close();
}

/** Looks at the process and its files until the time is over. */
async function watch() {
  while (performance.now() - begun < seconds * 1000) {
    samples.push({
      memory: server.memory,
      files: readdirSync(`/proc/${server.child.pid}/fd`).length,
      log: sizeOf("data.db-wal"),
      logs: sizeOf("auxiliary.db-wal"),
      created: answered.size,
      viewed: views,
    });
    if (server.child.exitCode !== null || trouble.length > 100) return;
    await sleep(Number(options.every) * 1000);
  }
}

function sizeOf(file) {
  return statSync(join(dir, file), { throwIfNoEntry: false })?.size ?? 0;
}

/** The rank of every message that is there. */
async function everything() {
  const found = new Map();
  let last = "";
  for (;;) {
    const query = new URLSearchParams({
      perPage: "1000", skipTotal: "true", sort: "id", fields: "id,rank", filter: `id > '${last}'`,
    });
    const { items } = await server.ask("GET", `${records}?${query}`, { token: world.token });
    for (const { id, rank } of items) found.set(id, rank);
    if (items.length < 1000) return found;
    last = items.at(-1).id;
  }
}

/** Prints what was seen, and answers the exit code. */
function report() {
  const quarter = (number) => {
    const from = Math.floor((samples.length * number) / 4);
    return samples.slice(from, Math.max(from + 1, Math.floor((samples.length * (number + 1)) / 4)));
  };
  // The first quarter fills caches.
  const [early, late] = [quarter(1), quarter(3)];
  const median = (list, key) => list.map((one) => one[key]).sort((a, b) => a - b)[list.length >> 1];
  const largest = (list, key) => Math.max(...list.map((one) => one[key]));
  const megabytes = (bytes) => `${(bytes / MEGABYTE).toFixed(1)} MB`;
  const memory = [early, late].map((list) => median(list, "memory"));
  const files = [early, late].map((list) => largest(list, "files"));
  const logs = ["log", "logs"].map((key) => largest(samples, key));
  const mostMemory = memory[0] * (1 + GROWTH_OF_MEMORY) + SLACK_OF_MEMORY;
  const checks = [
    ["log of the database, longest", megabytes(logs[0]), megabytes(LARGEST_LOG), logs[0] <= LARGEST_LOG],
    ["log of the logs, longest", megabytes(logs[1]), megabytes(LARGEST_LOG), logs[1] <= LARGEST_LOG],
    [
      `memory in the last quarter; ${megabytes(memory[0])} in the second`,
      megabytes(memory[1]), megabytes(mostMemory), memory[1] <= mostMemory,
    ],
    [
      `open files in the last quarter; ${files[0]} in the second`,
      files[1], files[0] + SLACK_OF_FILES, files[1] <= files[0] + SLACK_OF_FILES,
    ],
    ["requests that went wrong", trouble.length, 0, trouble.length === 0],
    ["answered creates that are lost", lost.length, 0, lost.length === 0],
    ["first answer after kill -9", `${Math.round(reopening)} ms`, `${LONGEST_REOPENING} ms`, reopening <= LONGEST_REOPENING],
    ["creates answered", answered.size, "1 or more", answered.size > 0],
  ];
  const rate = (key, list) => {
    const between = (list.length - 1) * Number(options.every);
    return between > 0 ? Math.round((list.at(-1)[key] - list[0][key]) / between) : 0;
  };
  const width = Math.max(...checks.map(([what]) => what.length));
  console.log(`\n${"".padEnd(width)}  ${"is".padStart(10)}  ${"wanted".padStart(10)}`);
  for (const [what, is, most, holds] of checks) {
    const line = `${what.padEnd(width)}  ${String(is).padStart(10)}  ${String(most).padStart(10)}`;
    console.log(`${line}${holds ? "" : "   FAILED"}`);
  }
  console.log(`\na second, second and last quarter: views ${rate("viewed", early)} and ${rate("viewed", late)}, ` +
    `creates ${rate("created", early)} and ${rate("created", late)}`);
  trouble.slice(0, 5).forEach((one) => console.error(one));
  lost.slice(0, 5).forEach(([id]) => console.error(`lost: ${id}`));
  return checks.every(([, , , holds]) => holds) ? 0 : 1;
}
