// Takes out of an answer what two servers cannot have alike: times, what they made up, and the
// wording of messages.

import { find } from "./schema.mjs";

const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$/;
const madeText = /[a-z]{4}[0-9]{4}$/;

/** `{ status, body }`, where a body that is no JSON is a text. */
export function normalise({ status, text }, world, session) {
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

/** Remembers the ids that both sides made for a record sent without one as the same. */
export function remember(request, answers, sessions) {
  if (request.method !== "POST" || answers.some(({ status }) => status !== 200)) return;
  const sent = request.body?.id;
  answers.forEach(({ text }, index) => {
    const { id } = JSON.parse(text);
    if (id && id !== sent) sessions[index].made.set(id, `<id ${sessions[index].made.size + 1}>`);
  });
}
