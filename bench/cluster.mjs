// A PostgreSQL server on this machine: its databases, and the CPU time of all its processes.

import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

import { timesOf } from "./servers.mjs";

export class Cluster {
  /** The server at `address`, whose user may make databases and read its settings. */
  constructor(address) {
    this.address = address;
    const [folder, port] = this.ask("SELECT current_setting('data_directory'), current_setting('port')")
      .split("|");
    // Its first lines are the process, the folder, the start and the port.
    const lines = readFileSync(`${folder}/postmaster.pid`, "utf8").split("\n");
    this.postmaster = Number(lines[0]);
    if (lines[3] !== port) {
      throw new Error(`the server at ${address} does not run on this machine`);
    }
  }

  get version() {
    return `PostgreSQL ${this.ask("SHOW server_version")}`;
  }

  /** The settings that are not as it ships. */
  get settings() {
    const names = ["fsync", "synchronous_commit", "full_page_writes", "shared_buffers"];
    return names.map((name) => `${name} = ${this.ask(`SHOW ${name}`)}`);
  }

  urlOf(database) {
    const url = new URL(this.address);
    url.pathname = `/${database}`;
    return url.href;
  }

  ask(sql) {
    const options = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"];
    return execFileSync("psql", [...options, "--command", sql, this.address], { encoding: "utf8" })
      .trim();
  }

  /** An empty database, or a copy of `template`; one of that name is dropped before. */
  create(database, template = "template1") {
    this.drop(database);
    this.ask(`CREATE DATABASE "${database}" TEMPLATE "${template}"`);
    this.ask("CHECKPOINT");
  }

  drop(database) {
    this.ask(`DROP DATABASE IF EXISTS "${database}" WITH (FORCE)`);
  }

  /** User and system time of all its processes so far, in microseconds; of those that ended too. */
  get cpu() {
    const { own, ended } = timesOf(this.postmaster);
    const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((pid) => {
      try {
        const times = timesOf(pid);
        return times.parent === this.postmaster ? times.own : 0;
      } catch {
        // It ended in between, and counts as ended the next time.
        return 0;
      }
    });
    return children.reduce((sum, spent) => sum + spent, own + ended);
  }
}
