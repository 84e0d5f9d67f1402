// Requests that create, update and delete records with files: forms and JSON, files that fields take
// and files that they do not, and names that are kept, added, removed or made up.

import { contents } from "./contents.mjs";
import { rowId } from "./operands.mjs";
import { stored } from "./references.mjs";
import { isFile } from "./schema.mjs";
import { account, callersOf, idsOf } from "./world.mjs";

const stems = ["photo", "My Photo", "notes", "a", "archive.tar", "Report-2024_final"];

/** Names that a server has to make something else of. */
const oddNames = [
  ".hidden", ".png", "no_ext", "trailing.", "  spaces  .txt", "../../etc/passwd", "..", ".", "/",
  "..\\..\\boot.ini", "C:\\temp\\a.txt", "naïve café.txt", "日本語.txt", "😀.png", "ß.TXT",
  'with "quotes".txt', "semi;colon.txt", "back\\slash.txt", "a'b.txt", "a%20b.txt", "%2e%2e%2fx",
  "<script>.html", "UPPERCase.TxT", "many.dots.in.one.name", "file.anEndingThatIsVeryLongIndeed",
  "CON", "a+b=c#d*.x+y=z", "a&b?c.txt", "nul\u0000l.txt", "tab\tin.txt", "x".repeat(150) + ".txt",
  "y".repeat(400) + ".txt", `z.${"e".repeat(400)}`, "style.css", "script.mjs", "letter.docx",
  "page.html", "drawing.svg", "___", "-", "é".repeat(100) + ".txt", "HTTPServer2Go.log", "{x}",
];

/** What a file field is sent: mostly something that it takes. */
export function fileFor(random, field, faults = 0) {
  const isOdd = random.chance(faults);
  const names = Object.keys(contents);
  const file = isOdd ? random.pick(names) : random.pick(names.filter((name) => takes(field, name)));
  const ending = { text: "txt", one: "txt", empty: "txt", long: "txt", wide: "png", cut: "png", turned: "jpg", bytes: "bin" };
  const name = random.chance(isOdd ? 0.5 : 0.15)
    ? random.pick(oddNames)
    : `${random.pick(stems)}.${ending[file] ?? file}`;
  return {
    file,
    name,
    ...(random.chance(0.3) && { type: random.pick(["image/png", "text/html", "nonsense"]) }),
    ...(random.chance(0.01) && { isExtended: true }),
  };
}

function takes({ maxSize, mimeTypes }, name) {
  if (contents[name].length > (maxSize ?? Infinity)) return false;
  if (!mimeTypes) return true;
  const type = { text: "text/plain", one: "text/plain", json: "application/json", wide: "image/png" };
  if (name === "png" || name === "gif" || name === "webp") return mimeTypes.includes(`image/${name}`);
  if (name === "jpg" || name === "turned") return mimeTypes.includes("image/jpeg");
  return mimeTypes.includes(type[name]);
}

/** The write number `number` of a world, which names a row that it creates. */
export function makeUpload(random, world, number, { faults = 0.15 } = {}) {
  const collections = world.collections.filter(({ type }) => type !== "view");
  const collection = random.weighted(
    collections.map((one) => [one.type === "auth" ? 1 : 4, one]),
  );
  const caller = random.chance(0.5) ? "root" : random.pick(callersOf(world));
  const known = idsOf(world)[collection.name] ?? [];
  const id = random.chance(0.03) ? "missing00000000" : (random.pick(known) ?? "missing00000000");
  const request = random.weighted([
    [40, () => create(random, collection, 1000 + number, faults)],
    [60, () => ({ method: "PATCH", id, ...change(random, collection, id, 0.5, faults) })],
    [5, () => ({ method: "DELETE", id })],
  ])();
  return { collection: collection.name, caller, ...request };
}

function create(random, collection, number, faults) {
  const id = rowId(collection.name, number);
  const sent = { id, ...account(random, collection, number) };
  const { parts, body } = change(random, collection, id, 0.7, faults);
  const texts = Object.entries(sent).map(([key, value]) => [key, String(value)]);
  return { method: "POST", ...(parts ? { parts: [...texts, ...parts] } : { body: { ...sent, ...body } }) };
}

/** Each field with probability `share`, as a form or as JSON. */
function change(random, collection, id, share, faults) {
  const fields = collection.fields.filter((field) => field.required || random.chance(share));
  const place = (field) => (index) => stored(collection.name, id, field.name, index);
  if (random.chance(0.25)) {
    const entries = fields.flatMap((field) =>
      isFile(field) ? inJson(random, field, place(field)) : [[field.name, plainValue(random, field)]],
    );
    return { body: Object.fromEntries(entries) };
  }
  const parts = fields.flatMap((field) =>
    isFile(field) ? inForm(random, field, place(field), faults) : [asText(random, field)],
  );
  if (random.chance(faults / 3)) parts.push(stray(random, collection));
  return { parts };
}

/** Uploads, names that are kept or removed, or nothing at all. */
function inForm(random, field, at, faults) {
  const { name, maxSelect = 1 } = field;
  const most = random.chance(faults) ? maxSelect + 2 : maxSelect;
  const files = () => Array.from({ length: random.between(1, most) }, () => fileFor(random, field, faults));
  const uploads = (key) => files().map((file) => [key, file]);
  const several = maxSelect > 1;
  return random.weighted([
    [10, () => uploads(name)],
    [several ? 3 : 1, () => uploads(`${name}+`)],
    [several ? 3 : 1, () => uploads(`+${name}`)],
    [3, () => [...kept(random, field, at).map((one) => [name, one]), ...uploads(name)]],
    [3, () => kept(random, field, at).map((one) => [name, one])],
    [3, () => kept(random, field, at).map((one) => [`${name}-`, one])],
    [2, () => [[`${name}-`, at(0)], ...uploads(`${name}+`)]],
    [2, () => [payload({ [name]: kept(random, field, at) }), ...uploads(random.pick([name, `${name}+`]))]],
    [1, () => [payload({ [`${name}-`]: random.pick([at(0), [at(0), at(1)]]) }), ...uploads(`${name}+`)]],
    [1, () => [payload({ [name]: random.pick([null, "", [], {}, 5]) })]],
    [2, () => [[name, ""]]],
    [faults * 6, () => [[name, random.pick(["nope.txt", "../x", "null", "[]", at(0).replace(name, "title")])]]],
  ])();
}

/** Names alone: JSON has no files. */
function inJson(random, field, at) {
  const { name } = field;
  return [
    random.weighted([
      [3, () => [name, kept(random, field, at)]],
      [2, () => [name, at(random.below(2))]],
      [3, () => [name, random.pick([null, "", []])]],
      [2, () => [`${name}-`, random.pick([at(0), [at(0), at(1)], "nope.txt", null, "", at(2)])]],
      [1, () => [random.pick([`${name}+`, `+${name}`]), random.pick([at(0), [at(1)], "nope.txt", ""])]],
      [1, () => [name, [at(1), at(0), at(0)]]],
      [1, () => [name, random.pick([["nope.txt"], [at(0), "nope.txt"], 5, true, {}, [null], [[]], `["${at(0)}"]`, { name: "x", size: 3 }])]],
    ])(),
  ];
}

/** Some of the stored names, in some order. */
function kept(random, { maxSelect = 1 }, at) {
  const indexes = Array.from({ length: maxSelect }, (_, index) => index);
  return random.sample(indexes, random.between(1, maxSelect)).map(at);
}

const payload = (value) => ["@jsonPayload", JSON.stringify(value)];

function plainValue(random, { type, values }) {
  const ids = [1, 2, 3].map((number) => rowId("users", number));
  return {
    text: () => random.pick(["", "a", "b", "5"]),
    number: () => random.pick([0, 1, 2.5]),
    select: () => random.sample(values, random.below(4)),
    json: () => random.pick([null, 5, "x", [1], { a: 1 }]),
    relation: () => random.pick(["", ...ids]),
  }[type]();
}

function asText(random, field) {
  const value = plainValue(random, field);
  return typeof value === "object" ? payload({ [field.name]: value }) : [field.name, String(value)];
}

/** A part that belongs to no file field, or a payload that is none. */
function stray(random, { fields }) {
  const file = { file: "text", name: "photo.txt" };
  const { name } = random.pick(fields);
  return random.pick([
    ["nope", file],
    ["title", file],
    [`${name}-`, file],
    [`${name}.0`, file],
    [name.toUpperCase(), file],
    [name, { ...file, name: "" }],
    ["@jsonPayload", random.pick(["", "[]", "null", "{", "5", '{"title":"from json"}'])],
    ["@jsonPayload", file],
    ["", "x"],
  ]);
}
