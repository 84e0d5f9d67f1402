// Rounds: the servers take turns, every cell is measured several times, the median counts. A run
// counts only when every answer was a 2xx and those that were looked at were the expected ones.

import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { essence } from "./workloads.mjs";
import { wrk, writeRequests } from "./wrk.mjs";

const samples = 8;
const secondsBetweenSamples = 0.25;

/** Of what takes long, a short run would count too few. */
const leastSecondsOfSlow = 4;

/** Measures `workload` on all `servers`; returns the median figures of each, in their order. */
export async function measure(servers, workload, { rows, folder, rounds, seconds }) {
  const load = { ...prepare(workload, rows, folder), seconds: secondsOf(workload, seconds) };
  const expected = await expectedAnswers(servers, load);
  return inTurns(servers, rounds, async (server, round) => {
    if (round === 0) {
      const warmUp = workload.slow ? leastSecondsOfSlow : 1;
      await wrk(server.url, { ...load, ...tokenOf(server, workload), seconds: warmUp });
    }
    return oneRun(server, workload, load, expected);
  });
}

/**
 * Measures `workload` on `server`, which has its rows in the PostgreSQL server `cluster`, in turns
 * with `bare` on the same rows. The answers must be those of `reference`.
 */
export async function measureBeside(bare, server, reference, workload, run) {
  const { cluster, rows, folder, rounds, seconds } = run;
  const load = { ...prepare(workload, rows, folder), seconds: secondsOf(workload, seconds) };
  const expected = await expectedAnswers([reference, server], load);
  const cells = new Map([
    [bare, () => bareRun(bare, load.seconds)],
    [server, () => oneRun(server, workload, load, expected)],
  ]);
  const warmUps = new Map([
    [bare, () => bare.run(1)],
    [server, () => wrk(server.url, { ...load, ...tokenOf(server, workload), seconds: 1 })],
  ]);
  return inTurns([bare, server], rounds, async (one, round) => {
    if (round === 0) {
      await warmUps.get(one)();
    }
    const before = cluster.cpu;
    const result = await cells.get(one)();
    const database = (cluster.cpu - before) / result.requests;
    return { ...result, database, together: result.cpu + database };
  });
}

async function bareRun(bare, seconds) {
  const before = bare.cpu;
  const { requests, seconds: elapsed, p50, p99 } = await bare.run(seconds);
  return { cpu: (bare.cpu - before) / requests, requests, rate: requests / elapsed, p50, p99 };
}

/** Measures how much of its rate `front` keeps while `back` runs as well. */
export async function measurePair(servers, pair, { front, back, rows, folder, rounds, seconds }) {
  const { connections } = pair;
  const load = { ...prepare(front, rows, folder), connections, seconds };
  const other = { ...prepare(back, rows, folder), connections, seconds: seconds + 1 };
  await expectedAnswers(servers, load);
  return inTurns(servers, rounds, async (server) => {
    const alone = await wrk(server.url, { ...load, ...tokenOf(server, front) });
    const beside = wrk(server.url, { ...other, ...tokenOf(server, back) });
    await sleep(500);
    const kept = await wrk(server.url, { ...load, ...tokenOf(server, front) });
    const behind = await beside;
    const rate = (result) => result.requests / result.seconds;
    return {
      alone: rate(alone),
      beside: rate(kept),
      kept: rate(kept) / rate(alone),
      p99: kept.p99,
      behind: rate(behind),
    };
  });
}

function prepare(workload, rows, folder) {
  const requests = workload.requests(rows);
  const file = `${folder}/${workload.id}.requests`;
  writeRequests(file, requests);
  return { requests, file, connections: workload.connections };
}

function secondsOf({ slow }, seconds) {
  return slow ? Math.max(seconds, leastSecondsOfSlow) : seconds;
}

function tokenOf(server, workload) {
  return { token: workload.guest ? "" : server.token };
}

/** The answers to some of the requests, which must be the same on all servers. */
async function expectedAnswers(servers, { requests }) {
  const step = Math.max(1, Math.floor(requests.length / samples));
  const asked = requests.filter((_, number) => number % step === 0).slice(0, samples);
  const expected = [];
  for (const request of asked) {
    const answers = [];
    for (const server of servers) {
      answers.push(await sample(server, request));
    }
    const odd = answers.find((answer) => !isDeepStrictEqual(answer, answers[0]));
    if (odd) {
      const both = JSON.stringify([answers[0], odd], null, 1);
      throw new Error(`the servers answer ${request.method} ${request.path} differently: ${both}`);
    }
    expected.push({ request, answer: answers[0] });
  }
  return expected;
}

async function sample(server, request) {
  return essence(request, await server.ask(request.method, request.path, { body: request.body }));
}

/** One cell of one round. */
async function oneRun(server, workload, load, expected) {
  const counted = workload.writes ? await messages(server) : 0;
  const before = server.cpu;
  const run = wrk(server.url, { ...load, ...tokenOf(server, workload) });
  const sampling = sampleUntil(run, server, expected);
  const result = await run;
  const spent = server.cpu - before;
  const sampled = await sampling;
  if (workload.writes) {
    await assertWritten(server, load, result, counted, sampled);
  }
  const requests = result.begun + sampled;
  return {
    cpu: spent / requests,
    requests,
    rate: result.requests / result.seconds,
    p50: result.p50,
    p99: result.p99,
  };
}

/** Compares answers while the load runs; returns how many. */
async function sampleUntil(run, server, expected) {
  let [over, asked] = [false, 0];
  run.finally(() => (over = true)).catch(() => {});
  for (; !over; asked++) {
    const { request, answer } = expected[asked % expected.length];
    const received = await sample(server, request);
    if (!isDeepStrictEqual(received, answer)) {
      const both = JSON.stringify([answer, received], null, 1);
      throw new Error(`${server.name} answers ${request.path} differently under load: ${both}`);
    }
    await sleep(secondsBetweenSamples * 1000);
  }
  return asked;
}

/**
 * What was answered must be there: as many more rows as rows were created. Requests that nobody
 * waited for any more, of this run and of the one before, may be there as well.
 */
async function assertWritten(server, { requests, connections }, result, before, sampled) {
  const share = requests.filter(({ path, method }) => method === "POST").length / requests.length;
  const created = (await messages(server)) - before;
  const answered = result.requests * share;
  const slack = 2 * connections + sampled;
  if (created < answered - slack * (share < 1 ? 1 : 0) || created > answered + slack) {
    throw new Error(`${server.name}: ${answered} creates were answered, ${created} rows are there`);
  }
}

async function messages(server) {
  const page = await server.ask("GET", "/api/collections/message/records?perPage=1");
  return page.totalItems;
}

/** Runs `cell` on each server in turn, the other one first in every second round. */
async function inTurns(servers, rounds, cell) {
  const results = new Map(servers.map((server) => [server, []]));
  for (let round = 0; round < rounds; round++) {
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      results.get(server).push(await cell(server, round));
    }
  }
  return servers.map((server) => medians(results.get(server)));
}

/** The median of each figure. */
export function medians(results) {
  const keys = Object.keys(results[0]);
  return Object.fromEntries(keys.map((key) => [key, median(results.map((result) => result[key]))]));
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
