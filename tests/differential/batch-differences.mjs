// What batches have of differences that are there on purpose: see deliberate.mjs.

import { canonical } from "./compare.mjs";

export const deliberateInBatches = [
  {
    reason: "An action that a batch may not have is a 400 at every index.",
    holds: (_, theirs, ours) => {
      const index = failing(theirs);
      const inner = ({ body }) => body.data.requests[index].response?.status;
      return (
        index > 0 && Number.isFinite(index) && index === failing(ours) && inner(theirs) === 500 && inner(ours) === 400
      );
    },
  },
  {
    reason: "An item that is null is a fault of the request.",
    holds: ({ request }, theirs, ours) =>
      theirs.status === 500 && ours.status === 400 && request.batch.some(({ raw }) => raw === null),
  },
  {
    reason: "A file of a batch that is refused is named as it was sent.",
    holds: (_, theirs, ours) =>
      theirs.status === 400 && canonical(unnamed(theirs)) === canonical(unnamed(ours)),
  },
];

/** An answer without what it says of the names of files. */
function unnamed(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(unnamed);
  const entries = Object.entries(value).filter(([key]) => key !== "file" || !("maxSize" in value));
  return Object.fromEntries(entries.map(([key, inner]) => [key, unnamed(inner)]));
}

/**
 * The first item that the answers differ in, as trials of that item alone with the answers it got:
 * an upsert is a create or an update.
 */
export function insideBatch(trial, theirs, ours) {
  const { request, ...rest } = trial;
  const index = Math.min(failing(theirs), failing(ours));
  const item = request.batch[index];
  if (!item || item.raw !== undefined) return [];
  const answers = [theirs, ours].map((answer) => answerOf(answer, index));
  const methods = item.method === "PUT" ? ["POST", "PATCH"] : [item.method];
  return methods.map((method) => [
    { ...rest, request: { ...item, method, caller: request.caller } },
    ...answers,
  ]);
}

/** The index of the item that made a batch fail. */
export function failing({ body }) {
  const [index = Infinity] = Object.keys(body?.data?.requests ?? {});
  return Number(index);
}

function answerOf(answer, index) {
  if (answer.status === 200) return { status: answer.body[index].status, body: answer.body[index].body };
  if (failing(answer) !== index) return { status: 200, body: {} };
  const { response } = answer.body.data.requests[index];
  return { status: response?.status, body: response };
}
