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
    await this.say(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await this.say(`CREATE DATABASE ${name}`);
    const own = new URL(this.url);
    own.pathname = `/${name}`;
    return own.href;
  }

  async drop() {
    for (const name of this.made) await this.say(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }

  say(statement) {
    const quiet = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"];
    return run("psql", [...quiet, "--command", statement, this.url]);
  }
}
