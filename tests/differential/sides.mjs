// The two servers that are compared: each starts on a world with data of its own.

import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Server, superuser } from "../../bench/servers.mjs";
import { collectionsJson } from "./render.mjs";
import { Client } from "./wire.mjs";
import { callers, password } from "./world.mjs";

const run = promisify(execFile);
const fetcher = fileURLToPath(new URL("../../bench/pocketbase.sh", import.meta.url));

/** The version that the wire contract was written down from. */
export const version = "0.39.11";

/** A world that a server does not take, with what it said. */
export class Refused extends Error {}

/** A request that a server did not answer. */
export class Unanswered extends Error {}

/** The path of PocketBase's executable; an archive in the cache needs no network. */
export function pocketbaseBinary() {
  return execFileSync(fetcher, [version], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  }).trim();
}

/** PocketBase: a copy of an empty folder with a superuser, and the collections by import. */
export function pocketbase(binary, folder) {
  const template = `${folder}/template`;
  const command = (dir, address) => [
    "serve",
    "--dir",
    dir,
    "--http",
    address,
    "--automigrate=false",
    "--migrationsDir",
    `${dir}/none`,
    "--hooksDir",
    `${dir}/none`,
  ];
  return {
    name: "PocketBase",
    async open(world, dir) {
      this.token ??= makeTemplate(new Server("PocketBase", binary, command), template);
      const token = await this.token;
      cpSync(template, dir, { recursive: true });
      const server = new Server("PocketBase", binary, command);
      await server.start(dir);
      return imported(new Session(server, token), world);
    },
  };
}

/** The session, once its server has the collections of the world and no others; else it is closed. */
async function imported(session, world) {
  try {
    const body = JSON.stringify({ deleteMissing: true, collections: collectionsJson(world) });
    const headers = { "Content-Type": "application/json" };
    const request = { method: "PUT", path: "/api/collections/import", headers, body };
    const answer = await session.send(request, "root");
    if (answer.status !== 204) throw new Refused(answer.text);
    if (world.settings) await configured(session, world.settings);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function configured(session, settings) {
  const headers = { "Content-Type": "application/json" };
  const request = { method: "PATCH", path: "/api/settings", headers, body: JSON.stringify(settings) };
  const answer = await session.send(request, "root");
  if (answer.status !== 200) throw new Refused(answer.text);
}

/** A folder with a superuser, whose token is good in every copy; it keeps no log. */
async function makeTemplate(server, folder) {
  mkdirSync(folder, { recursive: true });
  server.makeSuperuser(folder);
  await server.start(folder);
  const token = await server.signIn("_superusers", superuser);
  await server.ask("PATCH", "/api/settings", { token, body: { logs: { maxDays: 0 } } });
  await server.stop();
  return token;
}

/** Ferrobase, with its rows where `database` gives a URL for a world: see databases.mjs. */
export function ferrobase(binary, { name = "Ferrobase", database = async () => undefined } = {}) {
  return {
    name,
    async open(world, dir) {
      mkdirSync(dir, { recursive: true });
      const url = await database();
      const env = {
        ...process.env,
        FERROBASE_AUTH_THROTTLE: "false",
        ...(url && { DATABASE_URL: url }),
      };
      const command = (dir, address) => ["serve", "--dir", dir, "--http", address];
      // Elsewhere a config file may lie that it would take.
      const server = new Server(name, binary, command, env, dir);
      const { identity, password } = superuser;
      const upsert = ["superuser", "upsert", identity, password, "--dir", dir];
      await run(binary, upsert, { cwd: dir, env });
      await server.start(dir);
      return imported(new Session(server, await server.signIn("_superusers", superuser)), world);
    },
  };
}

/** A running server of one world, with who has signed in. */
export class Session {
  constructor(server, root, url = server.url) {
    this.server = server;
    this.client = new Client(url);
    this.tokens = { guest: undefined, root };
    /** Ids that this server made, in order, so that both sides' can be told to be the same. */
    this.made = new Map();
  }

  /** Signs the callers of a world in whose records are there. */
  async signIn(names) {
    for (const name of names) {
      const { collection, number } = callers[name];
      const answer = await this.client.send({
        method: "POST",
        path: `/api/collections/${collection}/auth-with-password`,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ identity: `${collection}${number}@example.com`, password }),
      });
      if (answer.status === 200) this.tokens[name] = JSON.parse(answer.text).token;
    }
  }

  /** Who `caller` is to the server: a guest, once the record is gone or the token revoked. */
  async known(caller) {
    if (caller === "guest" || caller === "root") return caller;
    const path = `/api/collections/${callers[caller].collection}/auth-refresh`;
    const { status } = await this.send({ method: "POST", path }, caller);
    return status === 401 ? "guest" : caller;
  }

  send(wired, caller) {
    return this.client.send(wired, this.tokens[caller]).catch((error) => {
      throw new Unanswered(`${this.server.name}: ${error.message}`, { cause: error });
    });
  }

  async close() {
    this.client.close();
    await this.server.stop();
  }
}

/** A folder for one world, gone afterwards. */
export async function inFolder(folder, work) {
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
