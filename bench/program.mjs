// A program that measures: it says `ready`, and then answers each line of its input with one of JSON.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { timesOf } from "./servers.mjs";

export class Program {
  constructor(binary) {
    this.binary = binary;
  }

  /** Starts it; returns when it is ready. */
  async start(command) {
    const stdio = ["pipe", "pipe", "inherit"];
    this.child = spawn(this.binary, command.map(String), { stdio });
    this.kill = () => this.child.kill("SIGKILL");
    process.once("exit", this.kill);
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    await this.line();
  }

  /** Sends a line and returns the parsed answer. */
  async ask(line) {
    this.child.stdin.write(`${line}\n`);
    return JSON.parse(await this.line());
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) {
      throw new Error(`${this.binary} ended`);
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
