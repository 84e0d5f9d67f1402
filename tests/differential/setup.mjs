// What the environment says of a run.
//
//   FERROBASE_BIN   the executable; else target/debug/ferrobase
//   DATABASE_URL    a PostgreSQL server that may make databases; else SQLite
//   SEED, REQUESTS  the choices, and how many different requests at least
//   WORLD           the number of the only world to run
//   SHRINK          seconds for making each difference small

import { fileURLToPath } from "node:url";

import { databases } from "./databases.mjs";
import { ferrobase, pocketbase, pocketbaseBinary } from "./sides.mjs";

const { env } = process;

export const binary =
  env.FERROBASE_BIN ?? fileURLToPath(new URL("../../target/debug/ferrobase", import.meta.url));
export const seed = env.SEED ?? "judge";
export const requests = Number(env.REQUESTS ?? 5000);
export const only = env.WORLD === undefined ? undefined : Number(env.WORLD);
export const shrinkSeconds = Number(env.SHRINK ?? 60);

export function ours(options = {}) {
  return ferrobase(binary, { database: databases(env.DATABASE_URL), ...options });
}

export function bothSides(folder) {
  return [pocketbase(pocketbaseBinary(), `${folder}/pocketbase`), ours()];
}
