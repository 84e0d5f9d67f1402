// What the environment says of a run.
//
//   FERROBASE_BIN   the executable; else target/debug/ferrobase
//   DATABASE_URL    a PostgreSQL server that may make databases; else SQLite
//   SEED, REQUESTS  the choices, and how many different requests at least; files are asked for with a
//                   quarter of them more, and batches with a tenth
//   WORLD           the number of the only world to run
//   SHRINK          seconds for making each difference small

import { fileURLToPath } from "node:url";

import { Databases } from "./databases.mjs";
import { ferrobase, pocketbase, pocketbaseBinary } from "./sides.mjs";

const { env } = process;

export const binary =
  env.FERROBASE_BIN ?? fileURLToPath(new URL("../../target/debug/ferrobase", import.meta.url));
export const seed = env.SEED ?? "judge";
export const requests = Number(env.REQUESTS ?? 5000);
export const only = env.WORLD === undefined ? undefined : Number(env.WORLD);
export const shrinkSeconds = Number(env.SHRINK ?? 60);

export const databases = new Databases(env.DATABASE_URL);

export function bothSides(folder) {
  const ours = ferrobase(binary, { database: () => databases.next() });
  return [pocketbase(pocketbaseBinary(), `${folder}/pocketbase`), ours];
}
