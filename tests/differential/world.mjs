// A world: collections with rules, the rows they start with, and who asks.
//
// It is plain JSON, so that it can be printed, made smaller, and had again.

import { ruleOf } from "./filters.mjs";
import { sentId } from "./normalise.mjs";
import { rowId } from "./operands.mjs";
import { isMade, schema } from "./schema.mjs";
import { fitting } from "./values.mjs";

export const password = "a long password";

/** Who asks: nobody, two users, a record of another account collection when there is one, root. */
export const callers = {
  ann: { collection: "users", number: 1 },
  bob: { collection: "users", number: 2 },
  tim: { collection: "team", number: 1 },
};

export function makeWorld(random) {
  const world = { collections: schema(random.fork("schema")), writes: [] };
  for (const collection of world.collections) {
    collection.rules = rules(random.fork(`rules of ${collection.name}`), world, collection);
  }
  world.writes = rows(random.fork("rows"), world);
  return world;
}

export function callersOf(world) {
  const there = Object.keys(callers).filter((name) =>
    world.collections.some((collection) => collection.name === callers[name].collection),
  );
  return ["guest", "root", ...there];
}

function rules(random, world, collection) {
  const rule = (open) => {
    if (random.chance(open)) return "";
    return random.chance(0.15) ? null : ruleOf(random, world, collection);
  };
  const read = { list: rule(0.5), view: rule(0.5) };
  if (collection.type === "view") return read;
  const all = { ...read, create: rule(0.5), update: rule(0.5), delete: rule(0.5) };
  const managed = collection.type === "auth" && random.chance(0.5);
  return managed ? { ...all, manage: ruleOf(random, world, collection) } : all;
}

/**
 * Rows are created in the order of the collections, by root, and then updated where they point to
 * rows that came later. An index or an option may refuse one: on both servers, or it is a difference.
 */
function rows(random, world) {
  const ids = {};
  const later = [];
  const writes = [];
  for (const collection of world.collections.filter(({ type }) => type !== "view")) {
    const count = random.between(3, 7);
    for (let number = 1; number <= count; number++) {
      const id = rowId(collection.name, number);
      const body = {
        id,
        ...account(random, collection, number),
        ...values(random, collection, ids),
      };
      writes.push({ method: "POST", collection: collection.name, caller: "root", body });
      later.push({ collection, id });
      (ids[collection.name] ??= []).push(id);
    }
  }
  for (const { collection, id } of later) {
    const forward = collection.fields.filter(({ type }) => type === "relation");
    const chosen = forward.filter(() => random.chance(0.5));
    if (chosen.length === 0) continue;
    const body = Object.fromEntries(
      chosen.map((field) => [field.name, fitting(random, field, ids)]),
    );
    writes.push({ method: "PATCH", collection: collection.name, id, caller: "root", body });
  }
  return writes;
}

function values(random, collection, ids) {
  const sent = collection.fields.filter((field) => !isMade(field) && field.type !== "file");
  const given = sent.map((field) => [field.name, fitting(random, field, ids)]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** What a record that can sign in has to have. */
export function account(random, collection, number) {
  if (collection.type !== "auth") return {};
  return {
    email: `${collection.name}${number}@example.com`,
    emailVisibility: random.chance(0.5),
    verified: random.chance(0.5),
    password,
    passwordConfirm: password,
  };
}

/** The ids of the rows that a world begins with, by collection. */
export function idsOf(world) {
  const ids = {};
  for (const write of world.writes) {
    if (write.method === "POST") (ids[write.collection] ??= []).push(sentId(write));
  }
  return ids;
}
