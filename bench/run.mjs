#!/usr/bin/env node
// Measures Ferrobase and PocketBase: bench/README.md.
//
//   bench/run.mjs [--only W1,W2] [--ferrobase BINARY] [--alone] [--quick] [--messages 10k] …
//
// `make bench` builds everything and runs all of it.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { answerCeilings, statementCeilings } from "./ceilings.mjs";
import { assertAlike, loaded, password } from "./data.mjs";
import { measureFanout } from "./fanout.mjs";
import { measure, measurePair } from "./measure.mjs";
import { measureOnPostgres } from "./on_postgres.mjs";
import { print, write, writeBeside } from "./report.mjs";
import { copyData, ferrobase, pocketbase } from "./servers.mjs";
import { measureStarts } from "./starts.mjs";
import { firstThumb, measureFirstThumbs } from "./thumbs.mjs";
import { growing, pairs, workload, workloads } from "./workloads.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const { values: options } = parseArgs({
  options: {
    ferrobase: { type: "string", default: `${here}../target/release/ferrobase` },
    tools: { type: "string", default: `${here}../target/release/examples` },
    database: { type: "string", default: "sqlite" },
    connections: { type: "string", default: "32" },
    shape: { type: "string", default: "pool" },
    only: { type: "string" },
    alone: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    messages: { type: "string", default: "100k" },
    sizes: { type: "string", default: "10k,100k" },
    ceilings: { type: "boolean", default: false },
    reload: { type: "boolean", default: false },
    out: { type: "string" },
    minutes: { type: "string", default: "40" },
  },
});

const caches = process.env.XDG_CACHE_HOME ?? `${homedir()}/.cache`;
const cache = process.env.BENCH_CACHE ?? `${caches}/ferrobase-bench`;
const rounds = Number(options.rounds ?? (options.quick ? 3 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 1 : 3));
const ids = options.only?.split(",");
const wanted = (id) => !ids || ids.includes(id);

const limit = setTimeout(() => {
  console.error(`stopped after ${options.minutes} minutes; nothing was written`);
  process.exit(1);
}, Number(options.minutes) * 60_000);

mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(`${cache}/run-`);
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

if (!existsSync(options.ferrobase)) {
  throw new Error(`${options.ferrobase} is not there: cargo build --release, or --ferrobase`);
}
if (options.database === "postgres") {
  const sizes = options.sizes.split(",").map(number);
  const run = { options, wanted, sizes, cache, folder, rounds, seconds };
  writeBeside(await measureOnPostgres(run), options.out);
  process.exit(0);
}

const ours = ferrobase(options.ferrobase);
const servers = [ours];
if (!options.alone) {
  const binary = execFileSync(`${here}pocketbase.sh`, { encoding: "utf8" }).trim();
  servers.unshift(pocketbase(binary));
}
const report = { options, rounds, seconds, servers, results: [], pairs: [], growth: [] };
const messages = number(options.messages);
const data = await load(messages);
report.hashes = data.map(({ rows }) => rows.hash);

await runAll(workloads.filter(({ id }) => wanted(id)), data, (workload, results) => {
  report.results.push({ workload, results });
  print(report.results.at(-1), report);
});
if (wanted(firstThumb.id)) {
  await onCopies(data, async () => {
    const results = await measureFirstThumbs(servers, rounds);
    report.results.push({ workload: firstThumb, results });
    print(report.results.at(-1), report);
  });
}
for (const pair of pairs.filter(({ id }) => wanted(id))) {
  await onCopies(data, async (rows) => {
    const [front, back] = [workload(pair.front), workload(pair.back)];
    const run = { front, back, rows, folder, rounds, seconds };
    const results = await measurePair(servers, pair, run);
    report.pairs.push({ pair, results });
    print(report.pairs.at(-1), report);
  });
}
if (wanted("W8")) {
  const run = { tool: `${options.tools}/bench_fanout`, rounds, quick: options.quick };
  report.fanout = await measureFanout(servers, (work) => onCopies(data, work), run);
}
if (wanted("W11")) {
  await growth();
}
if (wanted("W10")) {
  report.starts = await measureStarts(servers, data.map(({ dir }) => dir), folder, rounds);
}
if (options.ceilings) {
  await ceilings();
}
clearTimeout(limit);
write(report, options.out);
process.exit(0);

/** `10k`, `1m` or plain digits. */
function number(text) {
  const [, digits, unit] = text.toLowerCase().match(/^(\d+)([km]?)$/) ?? [];
  return Number(digits) * { "": 1, k: 1000, m: 1_000_000 }[unit];
}

/** The data of each server, which is the same. */
async function load(messages) {
  const loader = `${options.tools}/bench_load`;
  if (options.reload) {
    rmSync(`${cache}/messages-${messages}`, { recursive: true, force: true });
  }
  const data = [];
  for (const server of servers) {
    data.push(await loaded(server, messages, { cache, loader }));
  }
  assertAlike(data[0].rows, data.at(-1).rows);
  return data;
}

/** Starts all servers on copies of their data and signs in, for as long as `work` takes. */
async function onCopies(data, work) {
  for (const [index, server] of servers.entries()) {
    await server.start(copyData(data[index].dir, `${folder}/${server.name}`));
    server.token = await server.signIn("users", { identity: data[index].rows.caller, password });
  }
  await work(data[0].rows);
  await Promise.all(servers.map((server) => server.stop()));
}

/** Workloads that only read share a copy; one that writes has its own. */
async function runAll(list, data, report) {
  const reading = list.filter(({ writes }) => !writes);
  const groups = [reading, ...list.filter(({ writes }) => writes).map((workload) => [workload])];
  for (const group of groups.filter((group) => group.length > 0)) {
    await onCopies(data, async (rows) => {
      for (const workload of group) {
        report(workload, await measure(servers, workload, { rows, folder, rounds, seconds }));
      }
    });
  }
}

/** W11: some workloads again at other sizes; what was measured above is not measured twice. */
async function growth() {
  for (const size of options.sizes.split(",").map(number)) {
    const there = size === messages ? report.results : [];
    const known = there.filter(({ workload }) => growing.includes(workload.id));
    report.growth.push(...known.map((result) => ({ size, ...result })));
    const missing = growing.filter((id) => !known.some((result) => result.workload.id === id));
    await runAll(missing.map(workload), await load(size), (workload, results) => {
      report.growth.push({ size, workload, results });
      print(report.growth.at(-1), report);
    });
  }
}

async function ceilings() {
  const tool = `${options.tools}/bench_ceiling`;
  const workloads = report.results.map(({ workload }) => workload);
  const ids = workloads.map(({ id }) => id);
  const { dir, rows } = data.at(-1);
  report.statements = await statementCeilings(tool, dir, folder, { ids, rounds: 3, seconds: 1 });
  await onCopies(data, async () => {
    const run = { workloads, rounds: 3, seconds };
    report.answers = await answerCeilings(tool, ours, rows, folder, run);
  });
}
