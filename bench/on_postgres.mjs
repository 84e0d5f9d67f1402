// Measures Ferrobase on PostgreSQL beside a bare program on the same driver.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { Bare } from "./bare.mjs";
import { answerCeilings } from "./ceilings.mjs";
import { Cluster } from "./cluster.mjs";
import { assertSameRows, loaded, loadedInto, password } from "./data.mjs";
import { measureBeside } from "./measure.mjs";
import { printBeside } from "./report.mjs";
import { config, copyData, ferrobase } from "./servers.mjs";
import { workloads } from "./workloads.mjs";

/** Only statements are compared: hashes are the same on both engines. */
const measured = ["W1", "W2", "W3", "W3n", "W3b", "W3c", "W4", "W5", "W6"];

/** Measures the workloads that are `wanted` with each of `sizes` messages; returns a report. */
export async function measureOnPostgres(run) {
  const { options, wanted, sizes, folder } = run;
  if (!process.env.TEST_POSTGRES_URL) {
    throw new Error("no server: POSTGRES_DURABLE=yes scripts/postgres.sh bench/run.mjs …");
  }
  const cluster = new Cluster(process.env.TEST_POSTGRES_URL);
  const connections = Number(options.connections);
  const settings = `${folder}/config.toml`;
  const text = readFileSync(config, "utf8");
  writeFileSync(settings, text.replace("[database]", `[database]\npool = ${connections}`));
  const server = ferrobase(options.ferrobase, settings);
  const reference = ferrobase(options.ferrobase);
  const bare = new Bare(`${options.tools}/bench_bare`, { connections, shape: options.shape });
  const contenders = { server, reference, bare, cluster };
  const report = { ...run, ...contenders, connections, results: [] };
  const list = workloads.filter(({ id }) => measured.includes(id) && wanted(id));
  for (const size of sizes) {
    const data = await load(size, contenders, run);
    for (const group of groups(list)) {
      await onCopies(data, contenders, folder, async () => {
        for (const workload of group) {
          await bare.start(cluster.urlOf("measured"), workload);
          const figures = { ...run, cluster, rows: data.rows };
          const results = await measureBeside(bare, server, reference, workload, figures);
          await bare.stop();
          report.results.push({ size, workload, results });
          printBeside(report.results.at(-1));
        }
      });
    }
    if (options.ceilings && !report.answers) {
      await onCopies(data, contenders, folder, async () => {
        const tool = `${options.tools}/bench_ceiling`;
        const figures = { ...run, workloads: list };
        report.answers = await answerCeilings(tool, server, data.rows, folder, figures);
      });
    }
    cluster.drop(data.database);
  }
  return report;
}

/** Workloads that only read share a copy; one that writes has its own. */
function groups(list) {
  const reading = list.filter(({ writes }) => !writes);
  const writing = list.filter(({ writes }) => writes).map((workload) => [workload]);
  return [reading, ...writing].filter((group) => group.length > 0);
}

/** The rows in a database of their own and in a folder of the reference; they are the same. */
async function load(messages, { server, reference, cluster }, { options, cache, folder }) {
  const loader = `${options.tools}/bench_load`;
  const { dir, rows: expected } = await loaded(reference, messages, { cache, loader });
  const database = `messages_${messages}`;
  cluster.create(database);
  useDatabase(server, cluster, database);
  const scratch = `${folder}/${database}`;
  mkdirSync(scratch, { recursive: true });
  const rows = await loadedInto(cluster.urlOf(database), server, messages, { dir: scratch, loader });
  assertSameRows(expected, rows);
  return { database, dir, rows };
}

/** Starts both servers on copies of the data and signs in, for as long as `work` takes. */
async function onCopies({ database, dir, rows }, { server, reference, cluster }, folder, work) {
  cluster.create("measured", database);
  useDatabase(server, cluster, "measured");
  await reference.start(copyData(dir, `${folder}/reference`));
  await server.start(`${folder}/server`);
  for (const one of [reference, server]) {
    one.token = await one.signIn("users", { identity: rows.caller, password });
  }
  await work();
  await Promise.all([reference, server].map((one) => one.stop()));
}

function useDatabase(server, cluster, database) {
  server.env = { ...process.env, DATABASE_URL: cluster.urlOf(database) };
}
