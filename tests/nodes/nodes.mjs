// Several servers on one database, each with a data folder and an address of its own that it keeps.

import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { timesOf } from "../../bench/servers.mjs";
import { binary, start } from "../clients/server.mjs";

const config = fileURLToPath(new URL("config.toml", import.meta.url));
const run = promisify(execFile);
const running = new Set();

// Whatever ends the test ends its servers.
process.on("exit", () => running.forEach((node) => node.process.stop("SIGKILL")));

/** One server. */
export class Node {
  constructor(name, folder, database, env) {
    Object.assign(this, { name, folder, database, address: "127.0.0.1:0", env });
  }

  get url() {
    return `http://${this.address}`;
  }

  get data() {
    return join(this.folder, "data");
  }

  get variables() {
    const database = this.database && { DATABASE_URL: this.database };
    return { ...process.env, ...database, ...this.env };
  }

  async start() {
    mkdirSync(this.folder, { recursive: true });
    const options = ["serve", "--config", config, "--dir", this.data];
    // Collections are to be changed through the API.
    options.push("--http", this.address, "--locked=false");
    this.process = await start(options, this.folder, this.variables);
    this.address = this.process.address;
    running.add(this);
  }

  /** Ends it; the exit code, none after SIGKILL. */
  async end(signal = "SIGTERM") {
    const code = await this.process.stop(signal);
    running.delete(this);
    return code;
  }

  /** Makes a superuser, beside the running server. */
  superuser({ email, password }) {
    const words = ["superuser", "upsert", email, password, "--dir", this.data];
    return run(binary, words, { cwd: this.folder, env: this.variables });
  }

  /** Resident memory, in bytes. */
  get memory() {
    const status = readFileSync(`/proc/${this.process.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
  }

  /** User and system time so far, in microseconds. */
  get cpu() {
    return timesOf(this.process.pid).own;
  }

  signal(name) {
    process.kill(this.process.pid, name);
  }
}

/** Starts `count` servers on `database`, the first one alone so that the others find the tables. */
export async function startNodes(count, database, env = {}) {
  const folder = await mkdtemp(join(tmpdir(), "ferrobase-nodes-"));
  const node = (_, index) => {
    const name = String.fromCharCode(97 + index);
    return new Node(name, join(folder, name), database, env);
  };
  const nodes = Array.from({ length: count }, node);
  const stop = async () => {
    await Promise.all(nodes.map((one) => running.has(one) && one.end()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await nodes[0].start();
    await Promise.all(nodes.slice(1).map((other) => other.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes, stop };
}
