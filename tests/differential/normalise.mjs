// Takes out of an answer what two servers cannot have alike: times, what they made up, and the
// wording of messages.

import { sizeOf } from "./contents.mjs";
import { find, isFile } from "./schema.mjs";

const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$/;
const madeText = /[a-z]{4}[0-9]{4}$/;

/** `{ status, body }`, where a body that is no JSON is a text; of a download what was served. */
export function normalise(answer, world, session, { download } = {}) {
  const { status, text } = answer;
  if (download) return served(answer, download);
  return { status, body: clean(parse(text), world, session.made) };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text === "" ? "" : `no JSON: ${text.slice(0, 200)}`;
  }
}

function clean(value, world, made) {
  if (typeof value === "string") return made.get(value) ?? value;
  if (Array.isArray(value)) return value.map((one) => clean(one, world, made));
  if (value === null || typeof value !== "object") return value;
  const isError = typeof value.message === "string" && ("code" in value || "status" in value);
  const entries = Object.entries(value).map(([key, one]) => {
    if (isError && key === "message") return [key, one === "" ? "" : "…"];
    if (key === "token" && typeof one === "string") return [key, "…"];
    if (key === "invalidFiles") return [key, storedNames(one)];
    const isNamed = typeof one === "string" || Array.isArray(one);
    if (isNamed && isFileField(world, value, key)) return [key, storedNames(one)];
    return [key, server(world, value, key, one) ?? clean(one, world, made)];
  });
  return Object.fromEntries(entries);
}

/** A value that only the server sets; where `fields` left out the collection, the key decides. */
function server(world, record, key, value) {
  if (typeof value !== "string") return undefined;
  if (key === "created" || key === "updated") return time.test(value) ? "<time>" : undefined;
  const fields =
    find(world, record.collectionName)?.fields ?? world.collections.flatMap(({ fields }) => fields);
  const isMade = fields.some((field) => field.name === key && field.autogeneratePattern);
  return isMade && madeText.test(value) ? value.replace(madeText, "<made>") : undefined;
}

function isFileField(world, record, key) {
  const fields =
    find(world, record.collectionName)?.fields ?? world.collections.flatMap(({ fields }) => fields);
  return fields.some((field) => field.name === key && isFile(field));
}

const storedNames = (value) => {
  if (Array.isArray(value)) return value.map(storedNames);
  return typeof value === "string" ? storedName(value) : value;
};

/**
 * The name of a stored file without what is random: ten characters behind the base, twice for those
 * of a batch of PocketBase's, and ten that stand for a base that is too short.
 */
export function storedName(name) {
  const dot = name.indexOf(".");
  const [stem, ending] = dot < 0 ? [name, ""] : [name.slice(0, dot), name.slice(dot)];
  const base = stem.replace(/(_[a-z0-9]{10})+$/, "");
  if (base === stem) return name;
  return `${base.replace(/^(.{0,2})[a-z0-9]{10}$/, "$1<10>")}_<10>${ending}`;
}

const told = [
  "content-type",
  "content-disposition",
  "content-security-policy",
  "content-range",
  "content-length",
  "cache-control",
  "accept-ranges",
  "last-modified",
  "location",
  "etag",
  "x-frame-options",
  "x-content-type-options",
];

/** What a download answers: of a thumb its size, since encoders differ; of a refusal no wording. */
function served({ status, headers, bytes, text }, { isThumb }) {
  const isError = status >= 400 && headers["content-type"] === "application/json";
  const picture = isThumb && bytes.length > 0 ? sizeOf(bytes) : undefined;
  const boundary = /boundary=(\w+)/.exec(headers["content-type"])?.[1];
  const plain = (value) => (boundary ? value.replaceAll(boundary, "<boundary>") : value);
  const kept = told
    .filter((name) => headers[name] !== undefined)
    .filter((name) => name !== "content-length" || !(isError || isThumb || boundary))
    .map((name) => [name, headerValue(name, plain(headers[name]))]);
  const body = isError ? clean(parse(text), { collections: [] }, new Map()) : plain(bytes.toString("latin1"));
  return { status, headers: Object.fromEntries(kept), body: picture ?? body };
}

function headerValue(name, value) {
  if (name === "last-modified") return Number.isNaN(Date.parse(value)) ? value : "<time>";
  if (name !== "content-disposition") return value;
  // Quotes are ours, and there on purpose.
  return value.replace(
    /filename="?(\d+x\d+[tbf]?_)?(.*?)"?$/,
    (_, size = "", name) => `filename=${size}${storedName(name)}`,
  );
}

/** Remembers the ids that both sides made for a record sent without one as the same. */
export function remember(request, answers, sessions) {
  if (request.method !== "POST" || answers.some(({ status }) => status !== 200)) return;
  const sent = (request.batch ?? [request]).map(sentId);
  answers.forEach(({ text }, index) => {
    const { made } = sessions[index];
    const records = request.batch ? JSON.parse(text).map(({ body }) => body) : [JSON.parse(text)];
    records.forEach((record, at) => {
      const id = record?.id;
      if (id && id !== sent[at]) made.set(id, `<id ${made.size + 1}>`);
    });
  });
}

/** The id that a request gives its record. */
export function sentId({ id, body, parts }) {
  return id ?? body?.id ?? parts?.find(([key]) => key === "id")?.[1];
}
