// The differences that are there on purpose: each with its reason, its sentence in
// docs/compatibility.md, and a predicate that holds for it and as little else as can be said.

import { canonical, difference } from "./compare.mjs";
import { comparisons } from "./filters.mjs";
import {
  eachBesideUntyped,
  jsonBesideSeveral,
  lengthBesideText,
  likeCall,
  misplacesModifier,
  mixesTypes,
  numberBesideText,
  ofTheRow,
} from "./operands.mjs";
import { accountFields, columnsOf, find } from "./schema.mjs";

const isRoot = ({ caller }) => caller === "root";
const sides = ({ left, right }) => [left, right];
const operandsOf = (node) => comparisons(node).flatMap(sides);

const isOwnEmail = ({ field, hops }) => field === "email" && hops?.length === 0;

/**
 * Whether nothing orders a list: the reference then goes by the rows of other collections that the
 * filter or rule joins, or by an index that it finds them with. In PostgreSQL the rows of a view
 * have no order at all.
 */
export function joins(request, world) {
  if (request.path) return !request.download;
  if (request.method !== "GET" || request.id !== undefined || request.sort) return false;
  const collection = find(world, request.collection);
  const nodes = [request.filter, isRoot(request) ? undefined : collection?.rules.list];
  if (collection?.type === "view") return true;
  const indexed = collection?.indexes.length > 0;
  if (indexed && nodes.some(Boolean)) return true;
  // Accounts have an index on their addresses.
  if (collection?.type === "auth" && nodes.flatMap(operandsOf).some(isOwnEmail)) return true;
  return nodes.some(
    (node) =>
      node?.raw !== undefined ||
      operandsOf(node).some(
        ({ hops, many, modifier }) => hops?.length > 0 || many || modifier === "each",
      ),
  );
}

/** Whether rows are sorted by what a record may have several of. */
export function sortsOverSeveral({ sort }) {
  return (sort ?? []).some((key) => /_via_|:each|many|friends/.test(key));
}

export const deliberate = [
  {
    reason: "An invalid `fields` is a 400 instead of an empty 200, and nothing is written.",
    holds: ({ request }, theirs, ours) =>
      request.fields && theirs.status === 200 && theirs.body === "" && ours.status === 400,
  },
  {
    reason: "An invalid `fields` is a 400 also where the answer would be another error.",
    holds: ({ request }, theirs, ours) =>
      request.fields?.some((one) => /^id:nope|excerpt\(($|0|')|^\($/.test(one)) &&
      theirs.status > 400 &&
      ours.status === 400,
  },
  {
    reason: "A misplaced modifier is an error instead of being ignored.",
    holds: ({ request }, theirs, ours) =>
      theirs.status === 200 &&
      ours.status === 400 &&
      (request.sort?.includes("n:isset") ||
        comparisons(request.filter).some(misplacesModifier)),
  },
  {
    reason: "`tags:length` beside a text counts; PocketBase compares its digits as a text.",
    holds: ({ request }) => comparisons(request.filter).some(lengthBesideText),
  },
  {
    reason: "Input that does not parse is an error instead of the zero value.",
    holds: ({ request, world }, theirs, ours) => unparsable(request, world, theirs, ours),
  },
  {
    reason: "To a rule, input that does not parse changes nothing; it is no zero value.",
    holds: ({ request, world }, theirs, ours) =>
      request.method === "PATCH" &&
      !isRoot(request) &&
      [theirs, ours].some(({ status }) => status === 404) &&
      asksForZeroed(request, world),
  },
  {
    reason: "Sort by `email` treats addresses that the caller may not see as null.",
    holds: ({ request }) =>
      !isRoot(request) && (request.sort ?? []).some((key) => /(^|[.+-])email(:lower)?$/.test(key)),
  },
  {
    reason: "A guest manages no account, so `manageRule` does not show addresses to guests.",
    holds: ({ request, world }, theirs, ours) =>
      request.caller === "guest" &&
      world.collections.some(({ rules }) => rules.manage) &&
      !difference(request, world, [withoutEmail(theirs), withoutEmail(ours)]),
  },
  {
    reason: "Who changes the `id` is told so, also where a `manageRule` holds.",
    holds: ({ request, world }, theirs, ours) =>
      request.method === "PATCH" &&
      request.body?.id !== undefined &&
      world.collections.some(({ rules }) => rules.manage) &&
      theirs.status === 400 &&
      ours.body.data?.id?.code === "validation_pk_change",
  },
  {
    reason: "A filter on several `email`s holds only if all of them may be seen.",
    holds: ({ request }) =>
      !isRoot(request) &&
      operandsOf(request.filter).some(({ field, many }) => field === "email" && many),
  },
  {
    reason: "A filter over several records asks all that the caller may list.",
    holds: ({ request, world }, theirs, ours) =>
      !isRoot(request) &&
      findsMore(theirs, ours) &&
      comparisons(request.filter).some(
        (node) =>
          !node.op.startsWith("?") &&
          sides(node).some(
            ({ many, hops }) => many && hops?.some((name) => find(world, name)?.rules.list !== ""),
          ),
      ),
  },
  {
    reason: "`one.id:lower` reads the reference itself, as `one.id` does.",
    holds: ({ request }, theirs, ours) =>
      // Where nothing is referred to, theirs has null and ours the empty text.
      ours.status === 200 &&
      (theirs.status === 400 || theirs.status === 200) &&
      [
        ...operandsOf(request.filter).map(({ text }) => text),
        ...(request.filter?.raw ?? "").split(/[^\w.:]+/),
        ...(request.sort ?? []),
      ].some((text) => /\.id:lower$/.test(text)),
  },
  {
    reason: "A create rule compares as the stored row would.",
    holds: ({ request, world }, theirs, ours) =>
      request.method === "POST" && !isRoot(request) && decides(request, world, theirs, ours, mixes),
  },
  {
    reason: "In a create rule `:changed` is false for scalars inside json fields as well.",
    holds: ({ request, world }, theirs, ours) =>
      request.method === "POST" &&
      !isRoot(request) &&
      decides(request, world, theirs, ours, (node) => changesScalar(node, request, world)),
  },
  {
    reason: "Of two unique indexes that a row breaks, the one that the engine looks at first is told.",
    holds: (_, theirs, ours) =>
      [theirs, ours].every(({ status, body }) => {
        const codes = Object.values(body?.data ?? {}).map(({ code }) => code);
        const unique = codes.every((code) => code === "validation_not_unique");
        return status === 400 && codes.length > 0 && unique;
      }),
  },
  {
    reason: "A hidden relation cannot be expanded by those who cannot see it.",
    holds: ({ request }, theirs, ours) =>
      !isRoot(request) &&
      theirs.status === ours.status &&
      (request.expand ?? []).some((path) => /(^|[._(])shadow\)?(\.|$)/.test(path)),
  },
  {
    reason: "`/api//health` is 404 and not a redirect.",
    holds: ({ request }, theirs, ours) =>
      request.path?.includes("//") && theirs.status === 307 && ours.status === 404,
  },
  {
    reason: "Inside json the empty text is not null, beside several values too.",
    holds: ({ request }, theirs, ours) =>
      theirs.status === 200 &&
      ours.status === 200 &&
      comparisons(request.filter).some(jsonBesideSeveral),
  },
  {
    reason: "On the right of `~` a function has the arguments that were written, not `%argument%`.",
    holds: ({ request }, theirs, ours) =>
      theirs.status === 200 &&
      ours.status === 200 &&
      comparisons(request.filter).some(likeCall),
  },
  {
    reason: "What `:each` reads of a single value is ordered as the column is.",
    holds: ({ request }, theirs, ours) =>
      theirs.status === 200 &&
      ours.status === 200 &&
      comparisons(request.filter).some(eachBesideUntyped),
  },
  {
    reason: "A number beside a text column compares as its shortest text.",
    holds: ({ request }) => comparisons(request.filter).some(numberBesideText),
  },
];

/**
 * Whether ours lists what theirs lists, and more. Of several pages only the counts tell, and without
 * a count not even these.
 */
function findsMore(theirs, ours) {
  const [less, more] = [theirs.body, ours.body];
  if (theirs.status !== 200 || ours.status !== 200 || !Array.isArray(less?.items)) return false;
  if (more.totalItems < less.totalItems) return false;
  if (more.totalPages === -1 || more.totalPages > 1 || more.page > 1) return true;
  const left = more.items.map(canonical);
  return less.items.every((item) => {
    const at = left.indexOf(canonical(item));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

/** Whether two answers to a create differ by a rule that has a comparison that `matters`. */
function decides({ collection }, world, theirs, ours, matters) {
  const { rules } = find(world, collection);
  const has = (rule) => comparisons(rule).some(matters);
  const refused = ({ status, body }) => status === 400 && Object.keys(body.data).length === 0;
  if (has(rules.create) && refused(theirs) !== refused(ours)) return true;
  if (!has(rules.manage) || refused(theirs) || refused(ours)) return false;
  // Who manages accounts sees addresses, and may say that one is verified.
  const [one, other] = [theirs, ours].map(({ status, body }) => ({ status, body: { ...body } }));
  const fault = ({ body }) => body.data?.verified?.code === "validation_values_mismatch";
  if (fault(one) !== fault(other)) return true;
  delete one.body.email;
  delete other.body.email;
  return canonical(one) === canonical(other);
}

/** Whether what is no column yet is compared with another type. */
const mixes = (node) => mixesTypes(node) && sides(node).some(ofTheRow);

/** Whether a comparison asks if a json field changes that is sent something without parts. */
function changesScalar(node, { collection, body }, world) {
  return sides(node).some(({ text }) => {
    const name = /^@request\.body\.(\w+):changed$/.exec(text)?.[1];
    const field = columnsOf(find(world, collection)).find((field) => field.name === name);
    const value = body?.[name];
    const isWhole = value === null || (value !== undefined && typeof value !== "object");
    return field?.type === "json" && isWhole;
  });
}

/** An answer as it is for those who see no address. */
function withoutEmail(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(withoutEmail);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "email")
      .map(([key, one]) => [key, withoutEmail(one)]),
  );
}

const zeroed = ["date", "number", "bool", "geoPoint"];

/** Whether the update rule asks what is submitted for a field that may get a zero value instead. */
function asksForZeroed({ collection, body }, world) {
  const { fields, rules } = find(world, collection);
  const names = fields.filter(({ type }) => zeroed.includes(type)).map(({ name }) => name);
  const asked = names.filter((name) => body?.[name] !== undefined);
  return operandsOf(rules.update).some(({ text }) =>
    asked.some((name) => new RegExp(`^@request\\.body\\.${name}\\b`).test(text)),
  );
}

/** What we refuse beyond what they refuse are values of types that they would make zero. */
function unparsable(request, world, theirs, ours) {
  if (!request.body || ours.status !== 400) return false;
  const fields = [...accountFields, ...(find(world, request.collection)?.fields ?? [])];
  const types = new Map(fields.map(({ name, type }) => [name, type]));
  const theirCode = (field) => theirs.body?.data?.[field]?.code;
  const more = Object.entries(ours.body?.data ?? {}).filter(
    ([field, { code }]) => theirCode(field) !== code,
  );
  const codes = ["validation_invalid_value", "validation_not_a_number"];
  // The zero value may be what they refuse, or their only fault.
  const zero = (code) => [undefined, "validation_required", "validation_not_unique"].includes(code);
  // Their rule may have refused the row with the zero value.
  const refused = theirs.status === 400 && Object.keys(theirs.body.data).length === 0;
  if (refused && !isRoot(request)) return more.some(([, { code }]) => codes.includes(code));
  return (
    more.length > 0 &&
    more.every(([field]) => zero(theirCode(field))) &&
    more.every(([field, { code }]) => codes.includes(code) && zeroed.includes(types.get(field)))
  );
}
