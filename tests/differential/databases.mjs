// An empty database for each world, where ours keeps its rows in PostgreSQL.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The databases of a run on the server at `url`; without a URL there are none, but SQLite. */
export class Databases {
  constructor(url, { most = 4 } = {}) {
    Object.assign(this, { url, most, count: 0, made: new Set() });
  }

  /** The URL of the next empty database. Names come round again, so that few are there at once. */
  async next() {
    if (!this.url) return undefined;
    const name = `ferrobase_differential_${process.pid}_${this.count++ % this.most}`;
    this.made.add(name);
    await this.say(dropping(name), `CREATE DATABASE ${name}`);
    const own = new URL(this.url);
    own.pathname = `/${name}`;
    return own.href;
  }

  async drop() {
    if (this.made.size > 0) await this.say(...[...this.made].map(dropping));
  }

  say(...statements) {
    const quiet = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"];
    const commands = statements.flatMap((statement) => ["--command", statement]);
    return run("psql", [...quiet, ...commands, this.url]);
  }
}

const dropping = (name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`;
