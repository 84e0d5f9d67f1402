// Batches of writes: those that a world takes one by one, with some in between that fail, and batches
// that are none.

import { dangles, tables } from "./campaign.mjs";
import { makeDownload } from "./downloads.mjs";
import { fileWorld } from "./file-worlds.mjs";
import { makeUpload } from "./uploads.mjs";
import { callersOf, idsOf, makeWorld } from "./world.mjs";
import { makeWrite } from "./writes.mjs";

const most = 8;

/** The plot: batches, and after each a look at all tables, so that nothing is left of what failed. */
export const batches = {
  makeWorld: batchWorld,
  size: { batches: 14 },
  async act(lab, random, size) {
    const done = [];
    const step = async (request) => {
      const found = await lab.compare(request, [...done]);
      if (request.method !== "GET") done.push(request);
      return lab.isLeft || (found && canPart(found));
    };
    for (let number = 0; number < size.batches; number++) {
      const request = makeBatch(random.fork(`batch ${number}`), lab.world, number);
      if (await step(request)) return;
      if (deletes(request) && (await dangles(lab))) return;
      const before = lab.differences.length;
      await tables(lab, [...done]);
      if (lab.isLeft || lab.differences.length > before) return;
      if (lab.world.hasFiles) await step(makeDownload(random.fork(`file ${number}`), lab.world));
    }
  },
};

/** Whether a difference may leave other rows on one side than on the other. */
const canPart = ({ reason, theirs, ours }) =>
  !reason || theirs.status === 200 || ours.status === 200;

const deletes = ({ batch = [] }) => batch.some(({ method }) => method === "DELETE");

/** A world as others, sometimes one of files, whose servers take batches, or rarely do not. */
function batchWorld(random) {
  const hasFiles = random.chance(0.4);
  const world = hasFiles ? fileWorld(random) : makeWorld(random);
  const enabled = !random.chance(0.04);
  const batch = { enabled, maxRequests: most, timeout: 60 };
  if (random.chance(0.06)) batch.maxBodySize = random.pick([1, 700]);
  return { ...world, hasFiles, settings: { batch } };
}

function makeBatch(random, world, number) {
  const caller = random.chance(0.55) ? "root" : random.pick(callersOf(world));
  const request = { method: "POST", path: "/api/batch", caller };
  if (random.chance(0.06)) return { ...request, ...noBatch(random) };
  const count = random.weighted([
    [12, random.between(1, 5)],
    [2, most],
    [0.5, most + 1],
  ]);
  const batch = [];
  for (let index = 0; index < count; index++)
    batch.push(item(random, world, batch, number * 20 + index));
  const form = random.chance(0.1) ? { form: "multipart" } : {};
  if (random.chance(0.3)) form.form = "brackets";
  return { ...request, batch, ...(world.hasFiles || form.form === "multipart" ? form : {}) };
}

/** A write that may follow those of the batch so far, and use the rows that they make. */
function item(random, world, before, number) {
  if (random.chance(0.03)) return { raw: astray(random, world, before) };
  const seen = { ...world, writes: [...world.writes, ...before.filter(({ raw }) => !raw)] };
  const make = world.hasFiles ? makeUpload : makeWrite;
  const { caller, form, text, contentType, ...write } = make(random, seen, number, { faults: 0.06 });
  if (text !== undefined) write.body = random.pick([undefined, null, {}]);
  if (!["POST", "PATCH", "DELETE"].includes(write.method)) write.method = "PATCH";
  if (random.chance(0.05)) write.itemHeaders = random.pick([{ "X-A": "1" }, { Authorization: "x" }]);
  return write.method === "POST" && random.chance(0.3) ? upsert(random, seen, write) : write;
}

/** A create that is an update where its record is there. */
function upsert(random, world, write) {
  const known = random.pick(idsOf(world)[write.collection] ?? ["missing00000000"]);
  const id = random.weighted([
    [6, known],
    [4, undefined],
    [0.3, random.pick(["", null, "x", 5, "missing00000000"])],
  ]);
  if (id === undefined) return { ...write, method: "PUT" };
  if (!write.parts) return { ...write, method: "PUT", body: { ...write.body, id } };
  const others = write.parts.filter(([key]) => key !== "id");
  return { ...write, method: "PUT", parts: [["id", String(id)], ...others] };
}

/** An item that a batch may not have, or that is none. */
function astray(random, world, before) {
  const { name } = random.pick(world.collections);
  const [id = "missing00000000"] = idsOf(world)[name] ?? [];
  const records = `/api/collections/${name}/records`;
  const at = (method, url, body = {}) => ({ method, url, body });
  const wrong = [
    at("GET", records),
    at("GET", `${records}/${id}`),
    at("post", records),
    at("HEAD", records),
    at("", records),
    { url: records },
    { method: "POST" },
    at("POST", ""),
    at("POST", "/api/collections/nope/records"),
    at("POST", `${records}/`),
    at("POST", `${records}/${id}`),
    at("PUT", `${records}/${id}`),
    at("PATCH", records),
    at("DELETE", records),
    at("PATCH", `${records}/`),
    at("DELETE", `${records}/missing00000000`),
    at("POST", "/api/batch", { requests: [] }),
    at("POST", "/api/collections/users/auth-with-password"),
    at("POST", "/api/health"),
    at("POST", `http://example.com${records}`),
    at("POST", records.slice(1)),
    at("POST", `${records}?fields=id&expand=nope`),
    at("POST", `${records}?x=${"y".repeat(2000)}`),
    at("PATCH", `${records}/${id}?fields=id#part`),
    at("PATCH", records.toUpperCase()),
    at("PATCH", `${records}/${id}`, random.pick([null, [], "x", 5])),
    ...["x", 5, null, []].slice(0, 2 + (before.length % 3)),
  ];
  return random.pick(wrong);
}

/** What is sent in place of a batch. */
function noBatch(random) {
  const contentType = "application/json";
  const text = random.pick([
    "",
    "{",
    "{}",
    "[]",
    "null",
    "5",
    '{"requests":[]}',
    '{"requests":null}',
    '{"requests":{}}',
    '{"requests":"x"}',
    '{"requests":[],"requests":[]}',
    '{"other":1}',
  ]);
  return random.weighted([
    [6, { text, contentType }],
    [1, { parts: [["@jsonPayload", text]] }],
    [1, { parts: [["requests", "[]"]] }],
    [1, { method: random.pick(["GET", "PUT", "PATCH", "DELETE"]) }],
    [1, { text: "requests=1", contentType: "text/plain" }],
  ]);
}
