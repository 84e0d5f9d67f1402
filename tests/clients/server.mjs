// Starts the built executable with a database of its own and says where it listens: a file in a
// folder, or with TEST_DATABASE=postgres a schema on the server that TEST_POSTGRES_URL names.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
export const binary = process.env.FERROBASE_BIN ?? join(here, "../../target/debug/ferrobase");

const run = promisify(execFile);

export const superuser = { email: "root@example.com", password: "correct horse battery" };

export async function serve(config = join(here, "config.toml"), more = [], variables = {}) {
  const folder = await mkdtemp(join(tmpdir(), "ferrobase-clients-"));
  const data = join(folder, "data");
  const schema = await makeSchema();
  const env = { ...process.env, ...schema?.env, ...variables };
  await run(binary, ["superuser", "upsert", superuser.email, superuser.password, "--dir", data], {
    cwd: folder,
    env,
  });

  const begin = (address) =>
    start(["serve", "--config", config, "--dir", data, "--http", address, ...more], folder, env);
  let process_ = await begin("127.0.0.1:0");
  const { address } = process_;

  return {
    url: `http://${address}`,
    /** Ends the server and starts it again at the same address. */
    async restart() {
      await process_.stop();
      process_ = await begin(address);
    },
    async stop() {
      const code = await process_.stop();
      await rm(folder, { recursive: true, force: true });
      await schema?.drop();
      return code;
    },
  };
}

/** Starts the executable and waits until it says where it listens. */
export async function start(options, folder, env) {
  const child = spawn(binary, options, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.on("data", (text) => (complaints += text));
  const exited = new Promise((resolve) => child.on("exit", resolve));
  const firstLine = new Promise((resolve) => createInterface(child.stdout).once("line", resolve));
  const line = await Promise.race([firstLine, exited]);
  const address = /127\.0\.0\.1:\d+/.exec(line ?? "");
  if (!address) {
    child.kill("SIGKILL");
    throw new Error(`the server did not start (${line}): ${complaints}`);
  }
  return {
    address: address[0],
    pid: child.pid,
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return exited;
    },
    /** What it wrote to standard error so far. */
    get complaints() {
      return complaints;
    },
  };
}

let schemas = 0;

/** A new schema of PostgreSQL and how a server is told of it; nothing on SQLite. */
async function makeSchema() {
  const { TEST_DATABASE: engine, TEST_POSTGRES_URL: server } = process.env;
  if (engine !== "postgres") return undefined;
  if (!server) throw new Error("TEST_POSTGRES_URL names no server: scripts/postgres.sh starts one");
  const name = `clients_${process.pid}_${schemas++}`;
  const sql = (text) => run("psql", [server, "--quiet", "--command", text]);
  await sql(`CREATE SCHEMA ${name}`);
  const url = `${server}${server.includes("?") ? "&" : "?"}options=-csearch_path%3D${name}`;
  return { env: { DATABASE_URL: url }, drop: () => sql(`DROP SCHEMA ${name} CASCADE`) };
}
