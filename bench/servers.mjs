// Starting and stopping the servers, asking them, and reading what the system says of them.

import { execFileSync, spawn } from "node:child_process";
import { closeSync, cpSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The configuration that is measured. */
export const config = fileURLToPath(new URL("config.toml", import.meta.url));
export const superuser = { identity: "root@example.com", password: "a root password for benches" };

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
const running = new Set();

// Whatever ends this process ends its servers.
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => process.exit(1));
}

/** A server with its data in `dir`, run with the variables `env` in `cwd`; not started yet. */
export class Server {
  constructor(name, binary, command, env = process.env, cwd = undefined) {
    Object.assign(this, { name, binary, command, env, cwd });
  }

  get version() {
    return execFileSync(this.binary, ["--version"], { encoding: "utf8" }).trim();
  }

  get binarySize() {
    return statSync(this.binary).size;
  }

  /** Starts it on the data in `dir`; returns the milliseconds until the first 200. */
  async start(dir) {
    mkdirSync(dir, { recursive: true });
    const log = openSync(`${dir}/server.log`, "a");
    const address = `127.0.0.1:${await freePort()}`;
    this.url = `http://${address}`;
    const begun = performance.now();
    const options = { env: this.env, cwd: this.cwd, stdio: ["ignore", log, log] };
    this.dir = dir;
    this.child = spawn(this.binary, this.command(dir, address), options);
    closeSync(log);
    running.add(this.child);
    while (!(await this.isUp())) {
      if (this.child.exitCode !== null || performance.now() - begun > 30_000) {
        const said = readFileSync(`${dir}/server.log`, "utf8");
        throw new Error(`${this.name} does not start: ${said}`);
      }
      await sleep(1);
    }
    return performance.now() - begun;
  }

  async isUp() {
    try {
      return (await fetch(`${this.url}/api/health`)).status === 200;
    } catch {
      return false;
    }
  }

  async stop() {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) {
      running.delete(child);
      return;
    }
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
    await ended;
    clearTimeout(timer);
    running.delete(child);
  }

  /** User and system time so far, in microseconds. */
  get cpu() {
    return timesOf(this.child.pid).own;
  }

  /** Resident memory, in bytes. */
  get memory() {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return Number(status.match(/VmRSS:\s+(\d+)/)[1]) * 1024;
  }

  /** Sends a request, whose body is as it stands, and returns the answer; only a 2xx will do. */
  async send(method, path, { token = this.token ?? "", type = "application/json", body } = {}) {
    const headers = { Authorization: token, "Content-Type": type };
    const ask = () => fetch(this.url + path, { method, headers, body: body || undefined });
    // A server may close a connection that nobody used for a while at the moment at which it is used.
    const again = (error) => {
      if (method !== "GET" || error.cause?.code !== "UND_ERR_SOCKET") {
        throw error;
      }
      return ask();
    };
    const answer = await ask().catch(again);
    if (!answer.ok) {
      const received = await answer.text();
      throw new Error(`${this.name}: ${method} ${path} answers ${answer.status}: ${received}`);
    }
    return answer;
  }

  /** Sends `body` as JSON and returns the parsed answer. */
  async ask(method, path, { token, body } = {}) {
    const answer = await this.send(method, path, { token, body: body && JSON.stringify(body) });
    const received = await answer.text();
    return received === "" ? null : JSON.parse(received);
  }

  /** Signs in and returns the token. */
  async signIn(collection, credentials) {
    const path = `/api/collections/${collection}/auth-with-password`;
    return (await this.ask("POST", path, { token: "", body: credentials })).token;
  }

  makeSuperuser(dir) {
    const { identity, password } = superuser;
    const command = ["superuser", "upsert", identity, password, "--dir", dir];
    const { env, cwd } = this;
    execFileSync(this.binary, command, { env, cwd, stdio: ["ignore", "ignore", "inherit"] });
  }
}

export function ferrobase(binary, file = config) {
  return new Server("Ferrobase", binary, (dir, address) => [
    "serve", "--config", file, "--dir", dir, "--http", address,
  ]);
}

/** As it ships: nothing is set but the folder and the address. */
export function pocketbase(binary) {
  return new Server("PocketBase", binary, (dir, address) => [
    "serve", "--dir", dir, "--http", address,
  ]);
}

/** An actix-web server that answers `body`, a file, to everything. */
export function fixedAnswer(binary, body) {
  return new Server("ceiling", binary, (_, address) => [
    "http", "--http", address, "--body", body,
  ]);
}

/**
 * What the system says of a process: its parent, and the user and system time in microseconds that
 * it took itself, and that its children took which have ended.
 */
export function timesOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const micros = (at) => ((fields[at] + fields[at + 1]) / ticksPerSecond) * 1e6;
  return { parent: fields[1], own: micros(11), ended: micros(13) };
}

/** A port that nobody listens on, so that two runs do not meet. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const listener = createServer().once("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });
}

/** A fresh copy of a stopped server's data. */
export function copyData(from, to) {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
  return to;
}
