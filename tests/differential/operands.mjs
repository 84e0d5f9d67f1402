// What stands on the two sides of a comparison. An operand carries, beside its text, what the list
// of deliberate differences asks about: its type, whether it goes over several values, and the
// collections it passes.

import { columnsOf, find, isMade } from "./schema.mjs";
import { comparable } from "./values.mjs";

const jsonPaths = ["a", "b", "a.b", "a.b.0", "a.b.1", "0", "1", "0.a", "nope", "a.0"];

/** A field of `collection`, or of what relations lead to from there. */
export function column(random, world, collection, { prefix = "", longest = 3 } = {}) {
  const path = { parts: [], hops: [], many: false, at: collection };
  while (path.hops.length < longest && random.chance(path.hops.length === 0 ? 0.35 : 0.3)) {
    if (!hop(random, world, path)) break;
  }
  const fields = columnsOf(path.at).filter((field) => !isMade(field) || field.type === "autodate");
  const field = random.pick(fields);
  const end = ending(random, field);
  return {
    is: "column",
    text: [prefix, ...path.parts, field.name].filter(Boolean).join(".") + end.text,
    type: end.type ?? field.type,
    field: field.name,
    ...(field.values && { values: field.values }),
    many: path.many || Boolean(end.many),
    hops: path.hops,
    ...(end.modifier && { modifier: end.modifier }),
    ...(field.maxSelect > 1 && { list: true }),
    ...(field.hidden && { hidden: true }),
  };
}

function hop(random, world, path) {
  const forward = path.at.fields
    .filter(({ type }) => type === "relation")
    .map((field) => ({
      part: field.name,
      to: field.to,
      many: field.maxSelect > 1,
    }));
  const back = world.collections
    .filter(({ type }) => type !== "view")
    .flatMap((other) =>
      other.fields
        .filter(({ type, to }) => type === "relation" && to === path.at.name)
        .map((field) => ({
          part: `${other.name}_via_${field.name}`,
          to: other.name,
          many: true,
        })),
    );
  const steps = [...forward, ...back];
  if (steps.length === 0) return false;
  const step = random.pick(steps);
  path.parts.push(step.part);
  path.hops.push(step.to);
  path.many ||= step.many;
  path.at = find(world, step.to);
  return Boolean(path.at);
}

/** A path inside the value, or a modifier that its type has. */
function ending(random, field) {
  if (field.type === "json" && random.chance(0.6)) return { text: `.${random.pick(jsonPaths)}` };
  if (field.type === "geoPoint" && random.chance(0.8)) {
    return { text: random.pick([".lon", ".lat"]), type: "json" };
  }
  const isList = ["select", "relation", "file"].includes(field.type);
  if (isList && random.chance(field.maxSelect > 1 ? 0.6 : 0.1)) {
    return random.chance(0.5)
      ? { text: ":length", type: "number", modifier: "length" }
      : { text: ":each", many: field.maxSelect > 1, modifier: "each" };
  }
  if (["text", "email", "editor"].includes(field.type) && random.chance(0.1)) {
    return { text: ":lower", modifier: "lower" };
  }
  return { text: "" };
}

export function quote(text) {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

export function literal(value) {
  if (typeof value === "string") return { is: "literal", type: "text", text: quote(value) };
  if (typeof value === "number") return { is: "literal", type: "number", text: plain(value) };
  return { is: "literal", type: value === null ? "null" : "bool", text: String(value) };
}

/** Without an exponent, which filters do not have. */
function plain(number) {
  return Number.isInteger(number)
    ? BigInt(number).toString()
    : number.toFixed(7).replace(/0+$/, "");
}

/** What `operand` is likely to be compared with. */
export function literalBeside(random, operand) {
  if (random.chance(0.12)) return literal(random.pick([null, true, false, "", 0, "a", "5", "%"]));
  if (operand.type === "number" && random.chance(0.15))
    return literal(String(random.pick([0, 1, 5])));
  if (operand.type === "relation" || operand.field === "id") {
    return literal(
      random.weighted([
        [2, idOf(random, operand)],
        [1, ""],
        [1, "0000"],
      ]),
    );
  }
  const field = operand.values
    ? { type: "select", values: operand.values }
    : { type: operand.type };
  const value = comparable(random, field);
  const shortened = typeof value === "string" && random.chance(0.15);
  return literal(
    shortened
      ? random.pick([value.slice(0, 2), `%${value}`, `${value[0] ?? ""}%`, `_${value}%`])
      : value,
  );
}

function idOf(random, { hops, field }) {
  const name = hops.at(-1) ?? random.pick(["alpha", "beta", "users"]);
  return rowId(
    field === "id" ? name : random.pick(["alpha", "beta", "gamma", "users"]),
    random.between(1, 5),
  );
}

/** Ids are sent by the judge, so that both servers have the same. */
export function rowId(collection, number) {
  return collection.slice(0, 9) + String(number).padStart(15 - Math.min(collection.length, 9), "0");
}

/** Macros whose value does not change while a run goes on, beside anything that rows hold. */
export function macro(random) {
  const text = random.pick([
    "@now",
    "@yesterday",
    "@tomorrow",
    "@todayStart",
    "@todayEnd",
    "@monthStart",
    "@monthEnd",
    "@yearStart",
    "@yearEnd",
    "@year",
  ]);
  return { is: "macro", type: text === "@year" ? "number" : "date", text };
}

/** A function over fields of `collection`; nothing when it has no field of the kind. */
export function call(random, collection) {
  const points = collection.fields.filter(({ type }) => type === "geoPoint");
  if (points.length > 0 && random.chance(0.5)) {
    const { name } = random.pick(points);
    return {
      is: "call",
      type: "number",
      text: `geoDistance(${name}.lon, ${name}.lat, 23.3, 42.7)`,
    };
  }
  const days = collection.fields.filter(({ type }) => type === "date");
  if (days.length === 0) return undefined;
  const format = random.pick(["%Y", "%Y-%m", "%d", "%H:%M", "x"]);
  const more = random.pick(["", "", ", '+1 day'", ", 'start of month'"]);
  return {
    is: "call",
    type: "text",
    text: `strftime('${format}', ${random.pick(days).name}${more})`,
  };
}

/** What a rule may ask of the request. */
export function requestValue(random, world, collection) {
  const field = random.pick(collection.fields.filter((field) => !isMade(field)));
  return random.weighted([
    [
      6,
      () => ({
        is: "request",
        type: "text",
        text: "@request.auth.id",
        field: "id",
        hops: ["users"],
      }),
    ],
    [3, () => ({ ...authColumn(random, world), is: "request" })],
    [1, () => ({ is: "request", type: "text", text: "@request.auth.collectionName" })],
    [3, () => submitted(field)],
    [1, () => ({ is: "request", type: "bool", text: `@request.body.${field?.name ?? "x"}:isset` })],
    [
      1,
      () => ({ is: "request", type: "bool", text: `@request.body.${field?.name ?? "x"}:changed` }),
    ],
    [
      1,
      () => ({
        is: "request",
        type: "text",
        text: `@request.query.${random.pick(["filter", "page", "q"])}`,
      }),
    ],
    [
      1,
      () => ({
        is: "request",
        type: "text",
        text: random.pick(["@request.method", "@request.context"]),
      }),
    ],
  ])();
}

function submitted(field = { name: "x", type: "text" }) {
  const { name, type, values } = field;
  return {
    is: "request",
    type,
    text: `@request.body.${name}`,
    hops: [],
    ...(values && { values }),
  };
}

function authColumn(random, world) {
  return column(random, world, find(world, "users"), { prefix: "@request.auth", longest: 1 });
}

/** A field of any row of another collection. */
export function elsewhere(random, world) {
  const { name } = random.pick(world.collections);
  const alias = random.chance(0.3) ? ":other" : "";
  const operand = column(random, world, find(world, name), {
    prefix: `@collection.${name}${alias}`,
    longest: 1,
  });
  return { ...operand, is: "collection", many: true, hops: [name, ...operand.hops] };
}

const textual = [
  "text",
  "email",
  "url",
  "editor",
  "date",
  "select",
  "relation",
  "file",
  "autodate",
];
const sides = ({ left, right }) => [
  [left, right],
  [right, left],
];

/** Whether a number is compared as a text, which the two servers spell differently. */
export function numberBesideText(node) {
  if (/~$/.test(node.op) && node.left.is === "literal" && node.left.type === "number") return true;
  return sides(node).some(
    ([number, text]) =>
      (number.is === "literal" || number.is === "macro") &&
      textual.includes(text.type) &&
      text.is !== "literal" &&
      (number.type === "number" || (number.type === "bool" && bare(text))),
  );
}

/** What is computed from a text: the reference compares it without the conversion of a column. */
const bare = ({ is, modifier }) => is === "call" || modifier === "each" || modifier === "lower";

/** Whether a count is compared with a text. */
export function lengthBesideText(node) {
  return sides(node).some(
    ([length, text]) =>
      length.modifier === "length" &&
      (text.is === "literal" ? text.type === "text" : textual.includes(text.type)),
  );
}

/** Whether a pattern is made of what a function gives. */
export function likeCall({ op, right }) {
  return /~$/.test(op) && right.is === "call";
}

/** Whether something inside json is to be equal, or unequal, to each of several values. */
export function jsonBesideSeveral(node) {
  return (
    ["=", "!="].includes(node.op) &&
    sides(node).some(([json, other]) => json.type === "json" && !json.many && other.many)
  );
}

/** Whether the values of a single field, taken one by one, are ordered beside something untyped. */
export function eachBesideUntyped({ op, left, right }) {
  if (!/[<>]/.test(op)) return false;
  return sides({ left, right }).some(
    ([each, other]) =>
      each.modifier === "each" && !each.list && (other.type === "json" || other.is === "call"),
  );
}

/** Whether a modifier stands where it has no meaning. */
export function misplacesModifier({ left, right }) {
  return [left, right].some(({ text }) => text === "id:each");
}

/** Whether an operand is what is submitted, or a field of the row that is to be. */
export function ofTheRow({ is, text, hops }) {
  return text.startsWith("@request.body.") || (is === "column" && hops.length === 0);
}

/** Whether the sides are not both texts, or both numbers. */
export function mixesTypes({ left, right }) {
  const kind = ({ type }) =>
    type === "number" || type === "bool" ? "number" : textual.includes(type) ? "text" : type;
  return kind(left) !== kind(right) || kind(left) === "json";
}
