// The differences that are there on purpose: each with its reason, its sentence in
// docs/compatibility.md, and a predicate that holds for it and as little else as can be said.

import { comparisons } from "./filters.mjs";
import { find } from "./schema.mjs";

const isRoot = ({ caller }) => caller === "root";
const sides = ({ left, right }) => [left, right];
const operandsOf = (node) => comparisons(node).flatMap(sides);

/**
 * Whether nothing orders a list: the reference then goes by the rows of other collections that the
 * filter or rule joins, or by an index that it finds them with.
 */
export function joins(request, world) {
  if (request.method !== "GET" || request.id !== undefined || request.sort) return false;
  const collection = find(world, request.collection);
  const nodes = [request.filter, isRoot(request) ? undefined : collection?.rules.list];
  if (collection?.indexes.length > 0 && nodes.some(Boolean)) return true;
  return nodes.some((node) =>
    node?.raw !== undefined || operandsOf(node).some((operand) => operand.hops?.length > 0 || operand.many));
}

/** Whether rows are sorted by what a record may have several of. */
export function sortsOverSeveral({ sort }) {
  return (sort ?? []).some((key) => /_via_|:each|many|friends/.test(key));
}

/** The filter and the rules that a request is decided by. */
function decisive(request, world) {
  const rules = find(world, request.collection)?.rules ?? {};
  const word = { GET: request.id === undefined ? "list" : "view", POST: "create", PATCH: "update", DELETE: "delete" };
  return [request.filter, ...(isRoot(request) ? [] : [rules[word[request.method]], rules.manage])];
}

export const deliberate = [
  {
    reason: "An invalid `fields` is a 400 instead of an empty 200, and nothing is written.",
    holds: ({ request }, theirs, ours) => request.fields && theirs.status === 200 && theirs.body === "" && ours.status === 400,
  },
  {
    reason: "An invalid `fields` is a 400 also where the answer would be another error.",
    holds: ({ request }, theirs, ours) => request.fields?.some((one) => /^id:nope|excerpt\(($|0|')|^\($/.test(one))
      && theirs.status > 400 && ours.status === 400,
  },
  {
    reason: "A misplaced modifier is an error instead of being ignored.",
    holds: ({ request }, theirs, ours) => request.sort?.includes("n:isset") && theirs.status === 200 && ours.status === 400,
  },
  {
    reason: "There are no backups yet, so none can be made now.",
    holds: ({ request }, theirs, ours) => request.path === "/api/health" && theirs.body.data.canBackup && !ours.body.data.canBackup,
  },
  {
    reason: "`tags:length` beside a text counts; PocketBase compares its digits as a text.",
    holds: ({ request, world }) => decisive(request, world).some((node) => comparisons(node).some(lengthBesideText)),
  },
  {
    reason: "Input that does not parse is an error instead of the zero value.",
    holds: ({ request, world }, theirs, ours) => unparsable(request, world, theirs, ours),
  },
  {
    reason: "Sort by `email` treats addresses that the caller may not see as null.",
    holds: ({ request }) => !isRoot(request) && (request.sort ?? []).some((key) => /(^|[.+-])email(:lower)?$/.test(key)),
  },
  {
    reason: "A hidden relation cannot be expanded by those who cannot see it.",
    holds: ({ request }, theirs, ours) => !isRoot(request) && theirs.status === ours.status
      && (request.expand ?? []).some((path) => /(^|[._(])shadow\)?(\.|$)/.test(path)),
  },
  {
    reason: "`/api//health` is 404 and not a redirect.",
    holds: ({ request }, theirs, ours) => request.path?.includes("//") && theirs.status === 307 && ours.status === 404,
  },
  {
    reason: "A number beside a text column compares as its shortest text.",
    holds: ({ request, world }) => decisive(request, world).some((node) => comparisons(node).some(numberBesideText)),
  },
];

const zeroed = ["date", "number", "bool", "geoPoint"];

/** What we refuse beyond what they refuse are values of types that they would make zero. */
function unparsable(request, world, theirs, ours) {
  if (!request.body || ours.status !== 400) return false;
  const types = new Map(find(world, request.collection)?.fields.map(({ name, type }) => [name, type]));
  const theirCode = (field) => theirs.body?.data?.[field]?.code;
  const more = Object.entries(ours.body?.data ?? {}).filter(([field, { code }]) => theirCode(field) !== code);
  const codes = ["validation_invalid_value", "validation_not_a_number"];
  // The zero value may be what they refuse, or their only fault.
  const zero = (code) => code === undefined || code === "validation_required";
  return more.length > 0 && more.every(([field]) => zero(theirCode(field))) && more.every(([field, { code }]) => codes.includes(code) && zeroed.includes(types.get(field)));
}

const textual = ["text", "email", "url", "editor", "date", "select", "relation", "file", "autodate"];

function numberBesideText(node) {
  const [number, text] = node.left.type === "number" ? sides(node) : sides(node).reverse();
  return number.is === "literal" && number.type === "number" && textual.includes(text.type) && text.is !== "literal";
}

function lengthBesideText(node) {
  const [length, text] = node.left.modifier === "length" ? sides(node) : sides(node).reverse();
  return length.modifier === "length" && (text.is === "literal" ? text.type === "text" : textual.includes(text.type));
}

/** The entry that explains a difference, if one does. */
export function explained(trial, theirs, ours) {
  return deliberate.find(({ holds }) => holds(trial, theirs, ours));
}
