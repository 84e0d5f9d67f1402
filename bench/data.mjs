// The rows that are measured: made once for each number of messages, kept in the cache folder, and
// copied for each run, so that no run sees what another one wrote.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

import { superuser } from "./servers.mjs";

export const password = "a password for benches";
/** All users, the caller first. */
export const userIds = Array.from({ length: 100 }, (_, number) => {
  return `u${String(number).padStart(14, "0")}`;
});
const collections = new URL("pocketbase.json", import.meta.url);

/** The loaded data of `server`: `{ dir, rows }`. Loads it when it is not in the cache. */
export async function loaded(server, messages, { cache, loader }) {
  const folder = `${cache}/messages-${messages}`;
  const dir = `${folder}/${server.name.toLowerCase()}`;
  if (!existsSync(`${dir}/rows.json`)) {
    console.log(`${server.name}: loading ${messages} messages`);
    const unfinished = `${dir}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    const database = `${unfinished}/data.db`;
    const rows = await loadedInto(database, server, messages, { dir: unfinished, loader });
    writeFileSync(`${unfinished}/rows.json`, JSON.stringify(rows));
    renameSync(unfinished, dir);
  }
  return { dir, rows: JSON.parse(readFileSync(`${dir}/rows.json`, "utf8")) };
}

/** Loads `database`, on which `server` runs with its files in `dir`; returns what it then holds. */
export async function loadedInto(database, server, messages, { dir, loader }) {
  await makeUsers(server, dir);
  const command = ["--database", database, "--messages", String(messages)];
  return JSON.parse(execFileSync(loader, command, { maxBuffer: 1 << 26 }));
}

/** Makes the collections and the users through the API, then stops the server. */
async function makeUsers(server, dir) {
  server.makeSuperuser(dir);
  await server.start(dir);
  server.token = await server.signIn("_superusers", superuser);
  if (server.name === "PocketBase") {
    const body = JSON.parse(readFileSync(collections, "utf8"));
    await server.ask("PUT", "/api/collections/import", { body });
  }
  for (const [number, id] of userIds.entries()) {
    const row = { id, email: `user${number}@example.com`, name: `User ${number}` };
    const body = { ...row, password, passwordConfirm: password };
    await server.ask("POST", "/api/collections/users/records", { body });
  }
  await server.stop();
}

/**
 * Batches are off as the servers ship; Ferrobase has them on by config.toml. Eight callers on a busy
 * machine may wait longer than the three seconds that a batch has by default.
 */
export async function allowBatches(server) {
  if (server.name === "PocketBase") {
    const token = await server.signIn("_superusers", superuser);
    const batch = { enabled: true, maxRequests: 50, timeout: 30 };
    await server.ask("PATCH", "/api/settings", { token, body: { batch } });
  }
}

/** Fails unless both hold the same rows under the same indexes and statistics. */
export function assertAlike(one, other) {
  assertEqual(one, other, ["indexes", "statistics"]);
  assertSameRows(one, other);
}

/** Fails unless both hold the same rows. */
export function assertSameRows(one, other) {
  assertEqual(one, other, ["rows", "rooms", "messages", "owned", "callerId"]);
}

function assertEqual(one, other, keys) {
  for (const key of keys) {
    if (!isDeepStrictEqual(one[key], other[key])) {
      const both = JSON.stringify([one[key], other[key]]).slice(0, 4000);
      throw new Error(`the databases differ in their ${key}: ${both}`);
    }
  }
}
