// How low the CPU time of a request could be: fixed bytes over actix-web, and the statements alone.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";

import { medians } from "./measure.mjs";
import { copyData, fixedAnswer } from "./servers.mjs";
import { workload } from "./workloads.mjs";
import { wrk, writeRequests } from "./wrk.mjs";

const statements = ["W1", "W2", "W3", "W3n", "W3b", "W3c", "W4", "W5"];

/**
 * The workload that each kind of answer is taken from. Not the one of 5 MB: actix-web copies an
 * answer that it gets in one piece, which costs more than reading a file in pieces.
 */
const answered = { view: "W2", list: "W3", "file of 100 kB": "W9d" };

/** CPU microseconds of the statements of the workloads `ids`, each on a copy of `data`. */
export async function statementCeilings(tool, data, folder, { ids, rounds, seconds }) {
  const ceilings = new Map();
  for (const id of statements.filter((id) => ids.includes(id))) {
    const database = `${copyData(data, `${folder}/ceiling`)}/data.db`;
    const command = ["sql", "--database", database, "--workload", id, "--seconds", String(seconds)];
    const run = () => JSON.parse(execFileSync(tool, command, { encoding: "utf8" }));
    ceilings.set(id, medians(Array.from({ length: rounds }, run)));
  }
  return ceilings;
}

/** CPU microseconds of answering the bytes that `server` answers, of each kind in `workloads`. */
export async function answerCeilings(tool, server, rows, folder, { workloads, rounds, seconds }) {
  const ceilings = {};
  for (const kind of new Set(workloads.map(({ answer }) => answer).filter(Boolean))) {
    const { id, connections, requests: requestsOf } = workload(answered[kind]);
    const requests = await requestsOf(rows, server);
    const [body, file] = [`${folder}/${id}.body`, `${folder}/${id}.requests`];
    const headers = { Authorization: server.token };
    const answer = await fetch(server.url + requests[0].path, { headers });
    writeFileSync(body, Buffer.from(await answer.arrayBuffer()));
    writeRequests(file, requests);
    const load = { file, token: server.token, connections, seconds };
    ceilings[kind] = await fixed(fixedAnswer(tool, body), { folder, rounds, load });
  }
  return ceilings;
}

async function fixed(server, { folder, rounds, load }) {
  await server.start(folder);
  const results = [];
  for (let round = 0; round < rounds; round++) {
    const before = server.cpu;
    const { begun, requests, seconds: elapsed, p99 } = await wrk(server.url, load);
    results.push({ cpu: (server.cpu - before) / begun, rate: requests / elapsed, p99 });
  }
  await server.stop();
  return medians(results);
}
