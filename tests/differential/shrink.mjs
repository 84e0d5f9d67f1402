// Makes a difference small: whatever can be left out without losing it goes.

import { rmSync } from "node:fs";

import { refusal } from "./campaign.mjs";
import { Lab } from "./lab.mjs";

/** The smallest trial found in `seconds` whose answers differ in the same way as `found`. */
export async function shrink(sides, found, { folder, seconds = 60 }) {
  const until = Date.now() + seconds * 1000;
  let best = found;
  const bench = new Bench(sides, folder);
  try {
    for (let shrunk = true; shrunk;) {
      shrunk = false;
      for (const smaller of candidates(() => best)) {
        if (Date.now() > until) return best;
        const again = await bench.differs(smaller);
        if (again?.signature !== found.signature || size(again) >= size(best)) continue;
        best = again;
        shrunk = true;
      }
    }
    return best;
  } finally {
    await bench.close();
  }
}

const size = ({ world, writes, request }) => JSON.stringify([world, writes, request]).length;

/** Runs trials. Reads on an unchanged world share its servers, which are slow to start. */
export class Bench {
  constructor(sides, folder) {
    Object.assign(this, { sides, folder, key: undefined, lab: undefined });
  }

  /** The difference of a trial, or nothing when it has none or is no trial at all. */
  async differs({ world, writes, request }) {
    const key = JSON.stringify([world, writes]);
    try {
      if (key !== this.key) await this.load(key, world, writes);
      const { lab } = this;
      if (!request || lab.isRefused)
        return request || lab.refusals.every(Boolean) ? undefined : this.refused();
      const found = await lab.compare(request, writes);
      if (request.method !== "GET") this.key = undefined;
      return found?.reason ? undefined : found;
    } catch {
      this.key = undefined;
      return undefined;
    }
  }

  refused() {
    const [one, other] = this.lab.refusals.map((reason) => String(reason ?? ""));
    return one || other ? refusal(this.lab, { path: "the collections", one, other }) : undefined;
  }

  async load(key, world, writes) {
    await this.close();
    this.lab = await Lab.open(this.sides, world, this.folder);
    this.key = key;
    if (this.lab.isRefused) return;
    await this.lab.fill();
    for (const write of writes) await this.lab.compare(write);
  }

  async close() {
    await this.lab?.close();
    rmSync(this.folder, { recursive: true, force: true });
    this.lab = undefined;
    this.key = undefined;
  }
}

/**
 * Trials with one thing less than `best()`, which changes as they succeed. The request first, since
 * that needs no new servers if it is a read; before it only what has to be sent again for each trial.
 */
function* candidates(best) {
  yield* shorter(best, ["writes"]);
  if (best().request && best().request.method !== "GET") yield* shorter(best, ["world", "writes"]);
  yield* inside(best, ["request"]);
  yield* open(best);
  for (let index = best().world.collections.length - 1; index >= 0; index--) {
    yield* shorter(best, ["world", "collections", index, "fields"]);
  }
  yield* shorter(best, ["world", "collections"]);
  yield* shorter(best, ["writes"]);
  yield* shorter(best, ["world", "writes"]);
  yield* inside(best, ["world", "collections"]);
  yield* inside(best, ["world", "writes"]);
  yield* inside(best, ["writes"]);
}

/** All rules public, of all collections or else of one. */
function* open(best) {
  const opened = (collection) => ({
    ...collection,
    rules: Object.fromEntries(
      Object.keys(collection.rules)
        .filter((word) => word !== "manage")
        .map((word) => [word, ""]),
    ),
  });
  const path = ["world", "collections"];
  yield replaced(best(), path, at(best(), path).map(opened));
  for (let index = 0; index < at(best(), path).length; index++) {
    yield replaced(best(), [...path, index], opened(at(best(), [...path, index])));
  }
}

const kept = new Set([
  "method",
  "collection",
  "caller",
  "name",
  "type",
  "id",
  "text",
  "is",
  "op",
  "to",
  "password",
  "passwordConfirm",
  "email",
]);

/** Everything below `path` that can go, or be replaced by a part of itself. */
function* inside(best, path) {
  // A part of a form is a name and what it says.
  if (path.at(-2) === "parts") return;
  const value = at(best(), path);
  if (Array.isArray(value)) {
    yield* shorter(best, path);
    for (let index = 0; index < (at(best(), path)?.length ?? 0); index++)
      yield* inside(best, [...path, index]);
  } else if (value !== null && typeof value === "object") {
    yield* hoisted(best, path, value);
    for (const key of Object.keys(at(best(), path) ?? {})) {
      if (!kept.has(key) && path.at(-1) !== "rules") yield without(best(), [...path, key]);
      if (path.at(-1) === "rules") yield replaced(best(), [...path, key], "");
      if (at(best(), [...path, key]) !== undefined && key !== "left" && key !== "right")
        yield* inside(best, [...path, key]);
    }
  }
}

/** Without a half, a quarter, … and at last a single item. */
function* shorter(best, path) {
  for (let size = at(best(), path)?.length ?? 0; size >= 1; size = Math.floor(size / 2)) {
    for (let start = at(best(), path).length - size; start >= 0; start -= size) {
      const list = at(best(), path);
      if (start < list.length)
        yield replaced(best(), path, [...list.slice(0, start), ...list.slice(start + size)]);
    }
  }
}

/** A part of a filter or rule in the place of the whole. */
function* hoisted(best, path, value) {
  for (const part of value.all ?? value.any ?? []) yield replaced(best(), path, part);
}

function at(value, path) {
  return path.reduce((inner, key) => inner?.[key], value);
}

function replaced(trial, path, value) {
  const copy = structuredClone(trial);
  const parent = at(copy, path.slice(0, -1));
  if (parent) parent[path.at(-1)] = value;
  return copy;
}

function without(trial, path) {
  const copy = structuredClone(trial);
  const parent = at(copy, path.slice(0, -1));
  if (parent) delete parent[path.at(-1)];
  return copy;
}
