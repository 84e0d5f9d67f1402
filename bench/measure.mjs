// Rounds: the servers take turns, every cell is measured several times, the median counts. A run
// counts only when every answer was a 2xx and those that were looked at were the expected ones.

import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { sample } from "./answers.mjs";
import { removeStored } from "./files.mjs";
import { wrk, writeRequests } from "./wrk.mjs";

const samples = 8;
const secondsBetweenSamples = 0.25;

/** Of what takes long, a short run would count too few. */
const leastSecondsOfSlow = 4;

/** Measures `workload` on all `servers`; returns the median figures of each, in their order. */
export async function measure(servers, workload, { rows, folder, rounds, seconds }) {
  const loads = await prepare(servers, workload, { rows, folder, seconds });
  const expected = await expectedAnswers(loads);
  return inTurns(servers, rounds, async (server, round) => {
    const load = loads.get(server);
    if (round === 0) {
      const warmUp = workload.slow ? leastSecondsOfSlow : 1;
      await wrk(server.url, { ...load, seconds: warmUp });
      if (workload.stores) {
        removeStored(server, workload.stores);
      }
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
  const loads = await prepare([reference, server], workload, { rows, folder, seconds });
  const load = loads.get(server);
  const expected = await expectedAnswers(loads);
  const cells = new Map([
    [bare, () => bareRun(bare, load.seconds)],
    [server, () => oneRun(server, workload, load, expected)],
  ]);
  const warmUps = new Map([
    [bare, () => bare.run(1)],
    [server, () => wrk(server.url, { ...load, seconds: 1 })],
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
  const loads = await prepare(servers, front, { rows, folder, seconds });
  const others = await prepare(servers, back, { rows, folder, seconds });
  await expectedAnswers(loads);
  return inTurns(servers, rounds, async (server) => {
    const load = { ...loads.get(server), connections, seconds };
    const other = { ...others.get(server), connections, seconds: seconds + 1 };
    const alone = await wrk(server.url, load);
    const beside = wrk(server.url, other);
    await sleep(500);
    const kept = await wrk(server.url, load);
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

/**
 * What `wrk` is to send to each server. The requests ask for the same, but need not be the same:
 * each server gives its own names to files.
 */
async function prepare(servers, workload, { rows, folder, seconds }) {
  const loads = new Map();
  for (const server of servers) {
    const requests = await workload.requests(rows, server);
    const file = `${folder}/${workload.id}-${loads.size}.requests`;
    writeRequests(file, requests);
    const token = workload.guest ? "" : server.token;
    const { connections } = workload;
    loads.set(server, { requests, file, token, connections, seconds: secondsOf(workload, seconds) });
  }
  return loads;
}

function secondsOf({ slow }, seconds) {
  return slow ? Math.max(seconds, leastSecondsOfSlow) : seconds;
}

/** The answers to some of the requests, by their number; they must be the same on all servers. */
async function expectedAnswers(loads) {
  const { length } = loads.values().next().value.requests;
  const step = Math.max(1, Math.floor(length / samples));
  const expected = new Map();
  for (let number = 0; number < length && expected.size < samples; number += step) {
    const answers = [];
    for (const [server, { requests }] of loads) {
      answers.push(await sample(server, requests[number]));
    }
    const odd = answers.find((answer) => !isDeepStrictEqual(answer, answers[0]));
    if (odd) {
      const { method, path } = loads.values().next().value.requests[number];
      const both = JSON.stringify([answers[0], odd], null, 1);
      throw new Error(`the servers answer ${method} ${path} differently: ${both}`);
    }
    expected.set(number, answers[0]);
  }
  return expected;
}

/** One cell of one round. */
async function oneRun(server, workload, load, expected) {
  const counted = workload.writes ? await rowsOf(server, workload.writes) : 0;
  const before = server.cpu;
  const run = wrk(server.url, load);
  const sampling = sampleUntil(run, server, load, expected);
  const result = await run;
  const spent = server.cpu - before;
  const sampled = await sampling;
  if (workload.writes) {
    await assertWritten(server, workload, load, { result, counted, sampled });
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
async function sampleUntil(run, server, { requests }, expected) {
  const numbers = [...expected.keys()];
  let [over, asked] = [false, 0];
  run.finally(() => (over = true)).catch(() => {});
  for (; !over; asked++) {
    const number = numbers[asked % numbers.length];
    const [request, answer] = [requests[number], expected.get(number)];
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
 * What was answered must be there: as many more rows, and files, as were created. Requests that
 * nobody waited for any more, of this run and of the one before, may be there as well.
 */
async function assertWritten(server, workload, { requests, connections }, run) {
  const { result, counted, sampled } = run;
  const { writes, stores, creates = 1 } = workload;
  const share = requests.filter(({ method }) => method === "POST").length / requests.length;
  const answered = result.requests * share * creates;
  const slack = (2 * connections + sampled) * creates;
  const assertThere = (count, what) => {
    if (count < answered - slack * (share < 1 ? 1 : 0) || count > answered + slack) {
      throw new Error(`${server.name}: ${answered} creates were answered, ${count} ${what} are there`);
    }
  };
  assertThere((await rowsOf(server, writes)) - counted, "rows");
  if (stores) {
    assertThere(removeStored(server, stores), "files");
  }
}

async function rowsOf(server, collection) {
  const page = await server.ask("GET", `/api/collections/${collection}/records?perPage=1`);
  return page.totalItems;
}

/** Runs `cell` on each server in turn, the other one first in every second round. */
export async function inTurns(servers, rounds, cell) {
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
