// Requests that create, update and delete, with bodies that fit and bodies that do not.

import { rowId } from "./operands.mjs";
import { expand } from "./reads.mjs";
import { isMade } from "./schema.mjs";
import { fitting, wrong } from "./values.mjs";
import { account, callersOf, idsOf, password } from "./world.mjs";

/** The write number `number` of a world, which names a row that it creates. */
export function makeWrite(random, world, number, { faults = 0.3 } = {}) {
  const collection = random.pick(world.collections);
  const caller = random.chance(0.35) ? "root" : random.pick(callersOf(world));
  const ids = idsOf(world);
  const request = random.weighted([
    [45, () => create(random, collection, ids, number, faults)],
    [40, () => update(random, collection, ids, faults)],
    [
      10,
      () => ({ method: "DELETE", collection: collection.name, id: rowOf(random, collection, ids) }),
    ],
    [4, () => malformed(random, collection, ids)],
  ])();
  if (random.chance(0.15)) request.expand = expand(random, world, collection);
  // An id that the server makes has to be in the answer.
  const isNamed = request.method !== "POST" || request.body?.id?.length === 15;
  if (isNamed && random.chance(0.1))
    request.fields = [random.pick(["id", "*", "*,expand", "collectionName"])];
  return { ...request, caller };
}

function rowOf(random, collection, ids) {
  return random.chance(0.04)
    ? "missing00000000"
    : (random.pick(ids[collection.name] ?? ["x"]) ?? "x");
}

function create(random, collection, ids, number, faults) {
  const body = bodyOf(random, collection, ids, 0.92, faults);
  const id = random.weighted([
    [14, rowId(collection.name, 1000 + number)],
    [1, undefined],
    [0.5, rowOf(random, collection, ids)],
    [
      0.5,
      random.pick([
        "",
        null,
        "short",
        "UPPERCASE000001",
        "with space 0001",
        "toolong000000000001",
        5,
        true,
        [],
      ]),
    ],
  ]);
  if (id !== undefined) body.id = id;
  if (collection.type === "auth")
    Object.assign(body, accountBody(random, collection, 1000 + number));
  return { method: "POST", collection: collection.name, body, ...form(random) };
}

/** Sometimes without what an account needs, or with what only some may set. */
function accountBody(random, collection, number) {
  const body = account(random, collection, number);
  if (random.chance(0.6)) body.verified = false;
  if (random.chance(0.25)) {
    const key = random.pick(Object.keys(body));
    if (random.chance(0.5)) delete body[key];
    else
      body[key] = random.pick([
        "",
        null,
        "short",
        "x@y",
        "users1@example.com",
        true,
        5,
        [],
        "a".repeat(80),
      ]);
  }
  return body;
}

function update(random, collection, ids, faults) {
  const body = bodyOf(random, collection, ids, 0.3, faults);
  if (random.chance(0.03))
    body.id = random.pick(["", "other0000000001", rowOf(random, collection, ids)]);
  if (collection.type === "auth" && random.chance(0.4)) Object.assign(body, accountChange(random));
  return {
    method: "PATCH",
    collection: collection.name,
    id: rowOf(random, collection, ids),
    body,
    ...form(random),
  };
}

function accountChange(random) {
  return random.pick([
    { verified: random.chance(0.5) },
    { emailVisibility: random.chance(0.5) },
    { email: `new${random.below(1e6)}@example.com` },
    { email: "users1@example.com" },
    { email: "" },
    { password: "another password" },
    { password: "another password", passwordConfirm: "another password" },
    { password: "another password", passwordConfirm: "a third password", oldPassword: password },
    { password: "another password", passwordConfirm: "another password", oldPassword: "wrong" },
    { oldPassword: password },
    { passwordConfirm: password },
    { tokenKey: "x" },
  ]);
}

/** Each field with probability `share`; now and then wrong input, modifiers and unknown keys. */
function bodyOf(random, collection, ids, share, faults) {
  const body = {};
  const faulty = random.chance(faults);
  for (const field of collection.fields) {
    if (!random.chance(share)) continue;
    if (field.type === "autodate" || (isMade(field) && random.chance(0.7))) continue;
    const value =
      faulty && random.chance(0.4) ? wrong(random, field, ids) : fitting(random, field, ids);
    body[key(random, field)] = value;
  }
  if (random.chance(0.05)) {
    body[
      random.pick(["nope", "collectionId", "expand", "created", "tokenKey", "updated", "secret"])
    ] = random.pick(["x", 1, null, {}]);
  }
  return body;
}

const modified = { number: ["+", "-"], select: ["+", "-", "pre"], relation: ["+", "-", "pre"] };

function key(random, { name, type, autogeneratePattern }) {
  if (autogeneratePattern && random.chance(0.2)) return `${name}:autogenerate`;
  if (!random.chance(0.12)) return name;
  const modifier = random.pick(modified[type] ?? ["+", ""]);
  return modifier === "pre" ? `+${name}` : name + modifier;
}

/** A body that is sent as a form, if each of its values can be. */
function form(random) {
  return random.chance(0.1) ? { form: random.pick(["urlencoded", "multipart"]) } : {};
}

function malformed(random, collection, ids) {
  const text = random.pick([
    "",
    "{",
    "[]",
    "null",
    "5",
    '"x"',
    "{}x",
    ' {"n":1} ',
    "not json",
    '{"n":1,"n":2}',
    "\u0000",
  ]);
  const contentType = random.pick([
    "application/json",
    "application/json; charset=utf-8",
    "text/plain",
    "",
    "application/xml",
    "Application/JSON",
  ]);
  const method = random.pick(["POST", "PATCH", "PUT"]);
  const id = method === "PATCH" ? rowOf(random, collection, ids) : undefined;
  return { method, collection: collection.name, ...(id && { id }), text, contentType };
}
