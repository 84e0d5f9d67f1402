// Runs bare.rs: the statements of a workload without a server around them.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { timesOf } from "./servers.mjs";

export class Bare {
  /** `binary` on `connections` to the server, with `callers` that each wait for their answer. */
  constructor(binary, { connections, shape }) {
    Object.assign(this, { name: "bare sqlx", binary, connections, shape });
  }

  /** Connects to the database at `url`, to run the statements of `workload`. */
  async start(url, workload) {
    const command = ["--database", url, "--workload", workload.id, "--shape", this.shape];
    command.push("--connections", this.connections, "--callers", workload.connections);
    this.child = spawn(this.binary, command.map(String), { stdio: ["pipe", "pipe", "inherit"] });
    this.kill = () => this.child.kill("SIGKILL");
    process.once("exit", this.kill);
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    await this.line();
  }

  /** Runs them for `seconds`. */
  async run(seconds) {
    this.child.stdin.write(`${seconds}\n`);
    return JSON.parse(await this.line());
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) {
      throw new Error("the bare program ended");
    }
    return value;
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin.end();
    await ended;
    process.off("exit", this.kill);
  }

  /** User and system time so far, in microseconds. */
  get cpu() {
    return timesOf(this.child.pid).own;
  }
}
