// Tells both servers the same story of changes and says where their answers differ.

import { mkdirSync, writeFileSync } from "node:fs";

import { Server, superuser } from "../../bench/servers.mjs";
import { story } from "./changes.mjs";
import { differs } from "./differs.mjs";
import { Random } from "./random.mjs";
import { Client } from "./wire.mjs";

/** Servers without collections of their own, `{ name, open(dir) }`. */
export function pocketbase(binary) {
  const command = (dir, address) => [
    ...["serve", "--dir", dir, "--http", address, "--automigrate=false"],
    ...["--migrationsDir", `${dir}/none`, "--hooksDir", `${dir}/none`],
  ];
  return {
    name: "PocketBase",
    open: (dir) => open("PocketBase", binary, command, dir, process.env),
  };
}

export function ferrobase(binary, database = async () => undefined) {
  const command = (dir, address) => ["serve", "--dir", dir, "--http", address];
  return {
    name: "Ferrobase",
    async open(dir) {
      const url = await database();
      const env = { ...process.env, DATABASE_URL: url ?? "", FERROBASE_AUTH_THROTTLE: "false" };
      if (!url) delete env.DATABASE_URL;
      return open("Ferrobase", binary, command, dir, env);
    },
  };
}

async function open(name, binary, command, dir, env) {
  mkdirSync(dir, { recursive: true });
  // Not here: a config file in the working folder would say what collections there are.
  const server = new Server(name, binary, command, env, dir);
  server.makeSuperuser(dir);
  await server.start(dir);
  const token = await server.signIn("_superusers", superuser);
  return { server, client: new Client(server.url), token };
}

/** Tells one story until the servers part; `{ sent, excused, difference }`. */
export async function tell(sides, { seed, steps, folder }) {
  const sessions = await Promise.all(sides.map((side, at) => side.open(`${folder}-${at}`)));
  const told = { sent: 0, excused: new Map(), difference: undefined, requests: [] };
  try {
    for (const request of story(new Random(seed), steps)) {
      told.requests.push(request);
      const [theirs, ours] = await Promise.all(sessions.map((session) => ask(session, request)));
      told.sent += 1;
      const where = differs(theirs, ours, "");
      // PocketBase goes on with what it read of an import that failed, as if it had not.
      const isOver = request.path.endsWith("/import") && theirs.status === 400;
      if (!where && !isOver) continue;
      if (!where) break;
      const reason = explained(request, theirs, ours);
      if (reason) told.excused.set(reason, (told.excused.get(reason) ?? 0) + 1);
      else told.difference = { request, where, theirs, ours };
      // What differs on purpose may leave them with different collections.
      if (!reason || isOver || theirs.status !== ours.status) break;
    }
  } finally {
    for (const { server, client } of sessions) {
      client.close();
      await server.stop();
    }
  }
  if (told.difference) writeFileSync(`${folder}.json`, JSON.stringify(told, null, 1));
  return told;
}

async function ask({ client, token }, { method, path, body }) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await client.send({ method, path, headers, body: text }, token);
  return {
    status: answer.status,
    body: normal(answer.text === "" ? null : JSON.parse(answer.text)),
  };
}

/** Without what is wording, chance or time. */
function normal(value, key = "") {
  if (Array.isArray(value)) return value.map((item) => normal(item, key));
  if (value === null || typeof value !== "object") {
    if (typeof value !== "string") return value;
    if (key === "id" && value.startsWith("_clone_")) return "_clone_";
    if (key === "indexes") return value.replaceAll(/`idx_(tokenKey|email)_\w+`/g, "`idx_$1_`");
    // Dates that are sent are of 2024.
    if (/^20(?!24)\d\d-\d\d-\d\d \d\d:/.test(value)) return "now";
    return value.startsWith("temp_view_") ? "temp_view_" : value;
  }
  const unsaid = ["message", "created", "updated", "subject", "body", "logo"];
  const entries = Object.entries(value).filter(
    ([name, inner]) => !unsaid.includes(name) || typeof inner !== "string",
  );
  const isSample =
    typeof value.collectionName === "string" && value.collectionName.startsWith("temp_view_");
  return Object.fromEntries(
    entries
      .filter(([name]) => !(isSample && name === "collectionId"))
      .map(([name, inner]) => [name, normal(inner, name)]),
  );
}

/** Why answers may differ so: docs/compatibility.md. */
function explained({ path }, theirs, ours) {
  const [told, more] = [leaves(theirs.body?.data), leaves(ours.body?.data)];
  if (
    ours.status === 400 &&
    /records/.test(path) &&
    more.some((leaf) => /:validation_(invalid_value|not_a_number)$/.test(leaf))
  )
    return "input that does not parse is an error";
  if (theirs.status !== 400 || ours.status !== 400) return undefined;
  if ([...told, ...more].every((leaf) => leaf.endsWith(":validation_not_unique")))
    return "of two unique indexes one is told";
  if (
    path.endsWith("/import") &&
    more.join() === "collections:validation_collections_import_failure"
  )
    return "an import fails as one, also over an index";
  const has = (leaf) => told.includes(leaf);
  if (
    has("fields:validation_required") &&
    has("viewQuery:validation_invalid_view_query") &&
    more.includes("viewQuery:validation_invalid_view_query")
  )
    return "a query is read before it is tried";
  if (has("type:validation_in_invalid") && more.includes("type:validation_in_invalid"))
    return "a collection of no type is not looked into";
  if (
    ["id", "name"].some((key) => has(`${key}:validation_match_invalid`)) &&
    told.some((leaf) => leaf.startsWith("indexes"))
  )
    return "indexes of a collection without a name that can be one";
  if (path.endsWith("/_superusers") && has("passwordAuth.identityFields:validation_required"))
    return "superusers have an identity field";
  if (told.every((leaf) => more.includes(leaf))) {
    const added = more.filter((leaf) => !told.includes(leaf));
    const late =
      /^(indexes\.\d+:validation_(invalid_index_expression|existing_index_name)|passwordAuth\.identityFields:|mfa\.|viewQuery:|fields|\w+Rule:validation_invalid_rule)/;
    if (added.every((leaf) => late.test(leaf))) return "everything that is wrong is told at once";
  }
  return undefined;
}

function leaves(data, path = "") {
  if (data === null || typeof data !== "object") return [];
  if (typeof data.code === "string") return [`${path}:${data.code}`];
  return Object.entries(data).flatMap(([key, inner]) =>
    leaves(inner, path ? `${path}.${key}` : key),
  );
}
