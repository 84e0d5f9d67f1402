// Worlds of collections with files: fields of every option, rules that ask about files, and rows
// that have some.

import { rowId } from "./operands.mjs";
import { isFile } from "./schema.mjs";
import { fileFor } from "./uploads.mjs";
import { account } from "./world.mjs";

const sizes = ["10x10", "20x8t", "8x20b", "7x9f", "0x5", "5x0"];

const templates = [
  { name: "doc" },
  { name: "docs", maxSelect: 3 },
  { name: "tiny", maxSize: 40 },
  { name: "pic", mimeTypes: ["image/png", "image/gif", "image/jpeg"], thumbs: sizes },
  { name: "pics", mimeTypes: ["image/png", "image/webp"], maxSelect: 2, thumbs: sizes.slice(0, 3) },
  { name: "note", mimeTypes: ["text/plain", "application/json"], maxSelect: 2 },
  { name: "hush", protected: true },
  { name: "hushes", protected: true, maxSelect: 3, thumbs: ["10x10"] },
  { name: "must", required: true },
  { name: "musts", required: true, maxSelect: 4, maxSize: 600 },
  { name: "shade", hidden: true, maxSelect: 2 },
].map((template) => ({ ...template, type: "file" }));

const plain = [
  { name: "title", type: "text" },
  { name: "n", type: "number" },
  { name: "tags", type: "select", values: ["red", "green", "blue"], maxSelect: 3 },
  { name: "meta", type: "json" },
  { name: "owner", type: "relation", to: "users" },
];

/** Two plain collections, one with accounts, perhaps a view. Both servers take batches. */
export function fileWorld(random) {
  const collections = ["users", "alpha", "beta"].map((name) => {
    const type = name === "users" ? "auth" : "base";
    const files = random.sample(templates, type === "auth" ? 1 : random.between(2, 5));
    const others = type === "auth" ? plain.slice(0, 1) : random.sample(plain, 4);
    return { name, type, fields: [...others, ...files], indexes: [] };
  });
  if (random.chance(0.4)) collections.push(view(random, collections[1]));
  for (const collection of collections) collection.rules = rules(random, collection);
  const world = { collections, settings: { batch: { enabled: true, timeout: 60 } }, writes: [] };
  for (const collection of collections.filter(({ type }) => type !== "view"))
    world.writes.push(...rows(random, collection));
  return world;
}

function view(random, source) {
  const fields = source.fields.filter(({ hidden }) => !hidden);
  return {
    name: "digest",
    type: "view",
    query: `select ${["id", ...fields.map(({ name }) => name)].join(", ")} from ${source.name}`,
    fields: structuredClone(fields),
    indexes: [],
  };
}

function rules(random, { type, fields }) {
  const rule = (asked) =>
    random.weighted([
      [5, () => ""],
      [1, () => null],
      [4, () => ({ raw: random.pick(asked) })],
    ])();
  const reads = { list: rule(asksRow(fields)), view: rule(asksRow(fields)) };
  if (type === "view") return reads;
  return {
    ...reads,
    create: rule([...asksRow(fields), ...asksBody(fields)]),
    update: rule([...asksRow(fields), ...asksBody(fields)]),
    delete: rule(asksRow(fields)),
  };
}

function asksRow(fields) {
  const files = fields.filter(isFile).flatMap(({ name, maxSelect }) => [
    `${name} != ''`,
    `${name} = null`,
    ...(maxSelect > 1 ? [`${name}:length > 1`, `${name}:each ~ 'photo'`] : [`${name} ~ 'photo'`]),
  ]);
  return [
    "@request.auth.id != ''",
    "@request.context = 'protectedFile'",
    "@request.context != 'protectedFile'",
    "@request.query.token = ''",
    "@request.query.token:isset = true || @request.context = 'default'",
    ...(fields.some(({ name }) => name === "owner") ? ["owner = @request.auth.id"] : []),
    ...files,
  ];
}

function asksBody(fields) {
  return fields.filter(isFile).flatMap(({ name, maxSelect }) => [
    `@request.body.${name}:isset = true`,
    `@request.body.${name}:isset = false`,
    `@request.body.${name}:changed = true`,
    ...(maxSelect > 1
      ? [
          `@request.body.${name}:length < 3`,
          `@request.body.${name}.0.size > 20`,
          `@request.body.${name}.0.originalName ~ 'photo'`,
          `@request.body.${name}.1.name != ''`,
        ]
      : [
          `@request.body.${name}.size > 20`,
          `@request.body.${name}.originalName ~ 'photo'`,
          `@request.body.${name}.name ~ 'photo'`,
          `@request.body.${name} != ''`,
        ]),
  ]);
}

function rows(random, { name, type, fields }) {
  return Array.from({ length: 3 }, (_, index) => {
    const id = rowId(name, index + 1);
    const texts = { id, ...account(random, { name, type }, index + 1), title: "a" };
    if (fields.some(({ name }) => name === "owner")) texts.owner = rowId("users", 1 + (index % 2));
    const files = fields
      .filter((field) => isFile(field) && (field.required || random.chance(0.8)))
      .flatMap((field) =>
        Array.from({ length: Math.min(field.maxSelect ?? 1, random.between(1, 2)) }, () => [
          field.name,
          fileFor(random, field),
        ]),
      );
    const parts = [...Object.entries(texts).map(([key, value]) => [key, String(value)]), ...files];
    return { method: "POST", collection: name, caller: "root", parts };
  });
}
