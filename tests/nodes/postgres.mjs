// A PostgreSQL server of one's own, which can be stopped, started again, copied and promoted.
// scripts/nodes.sh names its programs in POSTGRES_BIN.

import { execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { freePort } from "../../bench/servers.mjs";

const run = promisify(execFile);
const bin = process.env.POSTGRES_BIN;
const running = new Set();

process.on("exit", () => {
  for (const server of running) {
    try {
      execFileSync(...server.command("pg_ctl", "stop", "-D", server.data, "-m", "immediate"));
    } catch {
      // It has ended by itself.
    }
    rmSync(server.folder, { recursive: true, force: true });
  }
});

export class Postgres {
  /** A new server, running. */
  static async make() {
    const server = await Postgres.empty("one");
    await run(...server.command("initdb", "-D", server.data, "-U", "postgres", "-A", "trust", "-E", "UTF8"));
    server.allowReplicas();
    await server.start();
    return server;
  }

  static async empty(name) {
    const server = new Postgres();
    const folder = mkdtempSync(join(tmpdir(), "ferrobase-cluster-"));
    Object.assign(server, { name, folder, data: join(folder, "data"), settings: [] });
    server.port = await freePort();
    // It refuses to run as root.
    server.isRoot = process.getuid() === 0;
    if (server.isRoot) chownSync(folder, ...server.owner());
    chmodSync(folder, 0o700);
    running.add(server);
    return server;
  }

  owner() {
    return ["-u", "-g"].map((which) => Number(execFileSync("id", [which, "postgres"])));
  }

  command(program, ...options) {
    const path = join(bin, program);
    const env = { cwd: this.folder };
    return this.isRoot ? ["runuser", ["-u", "postgres", "--", path, ...options], env] : [path, options, env];
  }

  allowReplicas() {
    const lines = ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"];
    writeFileSync(join(this.data, "pg_hba.conf"), `${lines.join("\n")}\n`);
  }

  /** A replica of `primary`, running; from then on that one waits for it before it answers. */
  static async replicate(primary) {
    const replica = await Postgres.empty("two");
    const from = ["-h", "127.0.0.1", "-p", String(primary.port), "-U", "postgres"];
    await run(...replica.command("pg_basebackup", "-D", replica.data, "-R", "-X", "stream", "-c", "fast", ...from));
    await replica.start();
    await primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await primary.sql("SELECT pg_reload_conf()");
    return replica;
  }

  get url() {
    return `postgres://postgres@127.0.0.1:${this.port}/postgres`;
  }

  start() {
    return this.control("start", "-o", this.options, "-l", join(this.folder, "log"));
  }

  get options() {
    const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=''", "max_connections=150"];
    return [...settings.map((setting) => `-c ${setting}`), `-p ${this.port}`].join(" ");
  }

  restart(mode) {
    const options = ["-m", mode, "-o", this.options, "-l", join(this.folder, "log")];
    return this.control("restart", ...options);
  }

  stop(mode) {
    return this.control("stop", "-m", mode);
  }

  promote() {
    return this.control("promote");
  }

  // What it starts would keep pipes open, so nothing is read from it.
  async control(action, ...options) {
    const [program, words, env] = this.command("pg_ctl", action, "-D", this.data, "-w", "-s", ...options);
    const child = spawn(program, words, { ...env, stdio: "ignore" });
    const code = await new Promise((resolve) => child.on("exit", resolve));
    if (code !== 0) throw new Error(`pg_ctl ${action} ends with ${code}: ${join(this.folder, "log")}`);
  }

  async sql(text, database = "postgres", port = this.port) {
    const options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text];
    const url = new URL(this.url);
    Object.assign(url, { pathname: `/${database}`, port });
    const { stdout } = await run(join(bin, "psql"), [...options, url.href]);
    return stdout.trim();
  }

  /** Ends it and forgets what it had. */
  async remove() {
    await this.stop("immediate").catch(() => {});
    running.delete(this);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
