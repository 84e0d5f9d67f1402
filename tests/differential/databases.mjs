// An empty database for each world, where ours keeps its rows in PostgreSQL.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * A function that makes the next empty database of the server at `url` and gives its URL; nothing
 * without a URL, which means SQLite. Names come round again, so that a run leaves few behind.
 */
export function databases(url, { most = 4 } = {}) {
  let count = 0;
  return async () => {
    if (!url) return undefined;
    const name = `ferrobase_differential_${process.pid}_${count++ % most}`;
    const statements = [`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`, `CREATE DATABASE ${name}`];
    for (const statement of statements) {
      await run("psql", ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--command", statement, url]);
    }
    const own = new URL(url);
    own.pathname = `/${name}`;
    return own.href;
  };
}
