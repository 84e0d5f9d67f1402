// Requests that change nothing: lists, views, and paths that lead nowhere.

import { clientFilter } from "./filters.mjs";
import { column, quote } from "./operands.mjs";
import { columnsOf, find, isMade } from "./schema.mjs";
import { callersOf, idsOf } from "./world.mjs";

export function makeRead(random, world) {
  const collection = random.pick(world.collections);
  const caller = random.pick(callersOf(world));
  return random.weighted([
    [80, () => list(random, world, collection, caller)],
    [16, () => view(random, world, collection, caller)],
    [4, () => astray(random, world, collection, caller)],
  ])();
}

function list(random, world, collection, caller) {
  const request = { method: "GET", collection: collection.name, caller };
  if (random.chance(0.85)) request.filter = clientFilter(random, world, collection);
  if (random.chance(0.03)) request.filter = forbidden(random);
  if (random.chance(0.45)) request.sort = sort(random, world, collection);
  if (random.chance(0.3)) request.expand = expand(random, world, collection);
  if (random.chance(0.2)) request.fields = fields(random, world, collection);
  if (random.chance(0.25))
    request.perPage = random.pick(["1", "2", "3", "0", "-1", "1000", "5000", "x", "1.5", ""]);
  if (random.chance(0.2))
    request.page = random.pick(["1", "2", "3", "0", "-1", "99", "x", "", "1e1", " 1"]);
  if (random.chance(0.15))
    request.skipTotal = random.pick(["1", "true", "T", "0", "false", "yes", "", "2"]);
  return request;
}

/** What only superusers may name. */
function forbidden(random) {
  return {
    raw: random.pick([
      "@request.auth.id = ''",
      "@collection.users.id = id",
      `id = ${quote("@request.x")}`,
      "@request.method = 'GET'",
    ]),
  };
}

function view(random, world, collection, caller) {
  const known =
    idsOf(world)[collection.name === "digest" ? sourceOf(world) : collection.name] ?? [];
  const id =
    random.chance(0.9) && known.length > 0
      ? random.pick(known)
      : random.pick(["missing00000000", "x", "ALPHA0000000001", " ", "@me"]);
  const request = { method: "GET", collection: collection.name, id, caller };
  if (random.chance(0.5)) request.expand = expand(random, world, collection);
  if (random.chance(0.3)) request.fields = fields(random, world, collection);
  return request;
}

function sourceOf(world) {
  return /from (\w+)$/.exec(find(world, "digest").query)[1];
}

/** Nothing orders rows that are alike, so every order ends with what no two rows share. */
function sort(random, world, collection) {
  if (random.chance(0.06)) {
    return [
      random.pick([
        "nope",
        "id,,n",
        "-",
        "'a'",
        "@now",
        "@rowid.x",
        "collectionId",
        "n:isset",
        "-@request.auth.id",
        "expand",
      ]),
    ];
  }
  const count = random.weighted([
    [5, 1],
    [3, 2],
    [1, 7],
    [0.3, 8],
  ]);
  const keys = Array.from({ length: count }, () => {
    const operand = column(random, world, collection, { longest: 2 });
    return (
      random.pick(["", "-", "+"]) +
      (operand.field === "created" || operand.field === "updated" ? "id" : operand.text)
    );
  });
  return [
    ...keys,
    random.pick(["id", "-id", ...(collection.type === "view" ? [] : ["@rowid", "-@rowid"])]),
  ];
}

export function expand(random, world, collection) {
  const paths = Array.from(
    {
      length: random.weighted([
        [6, 1],
        [3, 2],
        [1, 3],
      ]),
    },
    () => {
      const parts = [];
      let at = collection;
      do {
        const step = expandStep(random, world, at);
        parts.push(step.part);
        at = step.to && find(world, step.to);
      } while (at && parts.length < 4 && random.chance(0.5));
      return parts.join(".");
    },
  );
  return paths;
}

function expandStep(random, world, at) {
  const steps = at.fields
    .filter(({ type }) => type === "relation")
    .map(({ name, to }) => ({ part: name, to }));
  for (const other of world.collections) {
    for (const { type, to, name } of other.fields) {
      if (type === "relation" && to === at.name && other.type !== "view") {
        steps.push({
          part: random.chance(0.1) ? `${other.name}(${name})` : `${other.name}_via_${name}`,
          to: other.name,
        });
      }
    }
  }
  if (steps.length === 0 || random.chance(0.05))
    return { part: random.pick(["nope", "id", " one", "one.", "alpha_via_nope", ""]) };
  return random.pick(steps);
}

function fields(random, world, collection) {
  const names = columnsOf(collection).map(({ name }) => name);
  const texts = columnsOf(collection)
    .filter((field) => !isMade(field))
    .map(({ name }) => name);
  return Array.from({ length: random.between(1, 3) }, () =>
    random.weighted([
      [6, () => random.pick([...names, "collectionName", "collectionId"])],
      [2, () => "*"],
      [
        3,
        () =>
          `expand.${expand(random, world, collection)[0]}.${random.pick(["id", "*", "n", "expand.one"])}`,
      ],
      [1, () => "expand"],
      [2, () => `${random.pick(texts)}:excerpt(${random.pick(["3", "5,true", "100", "2,false"])})`],
      [1, () => `${random.pick(names)}.${random.pick(["a", "b", "lon", "x.y"])}`],
      [
        0.4,
        () =>
          random.pick([
            "nope",
            "",
            " id ",
            "id:nope",
            "id:excerpt(",
            "id:excerpt(0)",
            "items",
            "totalItems",
            "id:excerpt('x')",
            "(",
            "'id'",
          ]),
      ],
    ])(),
  );
}

function astray(random, world, collection, caller) {
  const path = random.pick([
    "/api/collections/nope/records",
    `/api/collections/${collection.name.toUpperCase()}/records?perPage=1`,
    `/api/collections/${collection.name}/records/`,
    `/api/collections/${collection.name}/nope`,
    "/api/nope",
    "/api/",
    `/api/collections/${collection.name}/auth-methods`,
    `/api/collections/${collection.name}/records?page=1&page=x`,
    `/api/collections/${collection.name}/records?perPage=2&filter=&sort=`,
    // No collection has a `search` here, so it is a parameter like any that nobody knows.
    `/api/collections/${collection.name}/records?search=a&perPage=2`,
    `/api/collections/${collection.name}/records?search=%22abc+-5*&sort=-id`,
    `/api/collections/${collection.name}/records?search=`,
    "/api/collections//records",
    "/api/health",
    "/api/collections/_superusers/records?fields=collectionName",
    "/api/collections/_otps/records",
  ]);
  return { method: random.pick(["GET", "GET", "HEAD"]), path, caller };
}
