// A data folder of PocketBase's on its way: made by a real server, taken over, and served by both.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { promisify } from "node:util";

import { Server, superuser } from "../../bench/servers.mjs";
import { binary, databases } from "./setup.mjs";
import { pocketbaseBinary } from "./sides.mjs";

const run = promisify(execFile);

/** PocketBase on the folder `dir`, not started. */
export function theirs() {
  return new Server("PocketBase", pocketbaseBinary(), (dir, address) => [
    ...["serve", "--dir", dir, "--http", address, "--automigrate=false"],
    ...["--migrationsDir", `${dir}/none`, "--hooksDir", `${dir}/none`],
  ]);
}

/** A folder with a superuser and whatever `fill` makes through a running server. */
export async function made(dir, fill) {
  mkdirSync(dir, { recursive: true });
  const server = theirs();
  server.makeSuperuser(dir);
  await server.start(dir);
  try {
    server.token = await server.signIn("_superusers", superuser);
    return await fill(server);
  } finally {
    await server.stop();
  }
}

/** Where an import goes: a folder of its own, and a database where the run has a server for them. */
export async function target(folder) {
  mkdirSync(folder, { recursive: true });
  const url = await databases.next();
  const env = { ...process.env, FERROBASE_AUTH_THROTTLE: "false", DATABASE_URL: url ?? "" };
  return { folder, env };
}

export const importing = (from, more = []) => ["import", "pocketbase", from, "--dir", "data", ...more];

/** Imports the folder `from`, and says what it printed. */
export async function imported(from, { folder, env }, more) {
  const { stdout, stderr } = await run(binary, importing(from, more), { cwd: folder, env });
  return `${stdout}${stderr}`;
}

/** Why an import is refused. */
export async function refusal(from, to, more) {
  try {
    await imported(from, to, more);
  } catch (error) {
    return { code: error.code, text: `${error.stdout}${error.stderr}` };
  }
  throw new Error("the import was not refused");
}

/** Ferrobase on what was imported, started. */
export async function ours({ folder, env }) {
  const server = new Server(
    "Ferrobase",
    binary,
    (dir, address) => ["serve", "--dir", dir, "--http", address, "--config", "config.toml"],
    env,
    folder,
  );
  await server.start(`${folder}/data`);
  return server;
}

/** What is in all files of a folder, but for what a server printed. */
export function contents(dir) {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true });
  const entries = files
    .filter((entry) => entry.isFile() && entry.name !== "server.log")
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`)
    .map((path) => [path, createHash("sha256").update(readFileSync(path)).digest("hex")]);
  return Object.fromEntries(entries.sort());
}
