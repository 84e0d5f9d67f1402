// Collections in a neutral form, which render.mjs turns into PocketBase's JSON and our config.toml.
// A server that makes collections through the API would need no second form; ours reads them from
// a file so far.

const kinds = ["red", "green", "blue", "a b"];

/** Fields that a collection may have; each type, and most options of each, is among them. */
const templates = [
  { name: "title", type: "text" },
  { name: "title", type: "text", presentable: true, max: 40 },
  { name: "code", type: "text", min: 1, max: 6, pattern: "^[a-zA-Z0-9]+$" },
  { name: "label", type: "text", required: true },
  { name: "secret", type: "text", hidden: true },
  { name: "slug", type: "text", autogeneratePattern: "[a-z]{4}[0-9]{4}" },
  { name: "body", type: "editor" },
  { name: "n", type: "number" },
  { name: "rank", type: "number", onlyInt: true, min: -5, max: 100 },
  { name: "score", type: "number", required: true },
  { name: "salary", type: "number", hidden: true },
  { name: "flag", type: "bool" },
  { name: "sure", type: "bool", required: true },
  { name: "mail", type: "email" },
  { name: "work", type: "email", onlyDomains: ["example.com"] },
  { name: "link", type: "url" },
  { name: "site", type: "url", exceptDomains: ["other.net"] },
  { name: "day", type: "date" },
  { name: "term", type: "date", min: "2000-01-01 00:00:00.000Z", max: "2022-12-31 00:00:00.000Z" },
  { name: "kind", type: "select", values: kinds },
  { name: "state", type: "select", values: kinds, required: true },
  { name: "tags", type: "select", values: kinds, maxSelect: 3 },
  { name: "marks", type: "select", values: kinds, maxSelect: 2, required: true },
  { name: "doc", type: "file" },
  { name: "docs", type: "file", maxSelect: 3 },
  { name: "meta", type: "json" },
  { name: "blob", type: "json", required: true, maxSize: 60 },
  { name: "place", type: "geoPoint" },
  { name: "spot", type: "geoPoint", required: true },
];

const autodates = [
  { name: "created", type: "autodate", onCreate: true },
  { name: "updated", type: "autodate", onCreate: true, onUpdate: true },
];

/** Collections without rules: two or three plain ones, one or two with accounts, perhaps a view. */
export function schema(random) {
  const plain = ["alpha", "beta", "gamma"].slice(0, random.between(2, 3));
  const accounts = random.chance(0.4) ? ["users", "team"] : ["users"];
  const names = [...accounts, ...plain];
  const collections = names.map((name, index) => {
    const type = accounts.includes(name) ? "auth" : "base";
    const fields = plainFields(random, type === "auth" ? 3 : random.between(5, 10));
    fields.push(...relations(random, names, index, type));
    if (random.chance(0.5)) fields.push(...autodates);
    return { name, type, fields, indexes: indexes(random, name, fields) };
  });
  if (random.chance(0.3)) collections.push(view(random, random.pick(collections)));
  return collections;
}

function plainFields(random, count) {
  const chosen = new Map();
  for (const template of random.sample(templates, count)) {
    chosen.set(template.name, { ...template });
  }
  return [...chosen.values()];
}

/** Only what points back may be required, since rows are made in the order of their collections. */
function relations(random, names, index, type) {
  const fields = [];
  const add = (name, to, more) => fields.push({ name, type: "relation", to, ...more });
  if (random.chance(0.8)) {
    const to = random.pick(names);
    const required = names.indexOf(to) < index && random.chance(0.25);
    add("one", to, { ...(required && { required }), ...(random.chance(0.3) && { cascadeDelete: true }) });
  }
  if (random.chance(0.7)) {
    const more = random.chance(0.2) ? { minSelect: 2 } : {};
    add("many", random.pick(names), { maxSelect: 4, ...more });
  }
  if (type === "base" && random.chance(0.6)) add("owner", "users", {});
  if (random.chance(0.2)) add("friends", random.pick(names), { maxSelect: 9, cascadeDelete: true });
  if (random.chance(0.15)) add("shadow", random.pick(names), { hidden: true });
  return fields;
}

function indexes(random, name, fields) {
  const single = fields.filter(({ type, maxSelect }) =>
    ["text", "number", "email", "date", "select", "relation"].includes(type) && !(maxSelect > 1));
  if (single.length === 0 || random.chance(0.6)) return [];
  const columns = random.sample(single, random.chance(0.3) ? 2 : 1);
  const unique = random.chance(0.6);
  const list = columns.map(({ name, type }) =>
    `\`${name}\`${type === "text" && random.chance(0.3) ? " COLLATE NOCASE" : ""}`);
  const filled = columns.length === 1 && columns[0].type !== "number" && random.chance(0.6);
  const where = unique && filled ? ` WHERE \`${columns[0].name}\` != ''` : "";
  const index = `idx_${name}_${columns.map(({ name }) => name).join("_")}`;
  return [`CREATE ${unique ? "UNIQUE " : ""}INDEX \`${index}\` ON \`${name}\` (${list.join(", ")})${where}`];
}

/** A view of one collection: plain columns, and one of each kind that is inferred. */
function view(random, source) {
  const visible = source.fields.filter(({ hidden, type }) => !hidden && type !== "password");
  const columns = random.sample(visible, 4);
  const extra = random.pick([
    { sql: "", fields: [] },
    { sql: ", 5 as five", fields: [{ name: "five", type: "json" }] },
    { sql: ", cast(1.5 as real) as half", fields: [{ name: "half", type: "number" }] },
    { sql: ", cast('x' as text) as word", fields: [{ name: "word", type: "text" }] },
    { sql: ", id as origin", fields: [{ name: "origin", type: "relation", to: source.name }] },
  ]);
  const list = columns.map(({ name }) => `, ${name}`).join("");
  return {
    name: "digest",
    type: "view",
    query: `select id${list}${extra.sql} from ${source.name}`,
    fields: [...columns.map((field) => ({ ...field })), ...extra.fields],
    indexes: [],
  };
}

export function find(world, name) {
  return world.collections.find((collection) => collection.name === name);
}

export const id = { name: "id", type: "text", required: true };

export const accountFields = [
  { name: "email", type: "email" },
  { name: "emailVisibility", type: "bool" },
  { name: "verified", type: "bool" },
];

/** What can be read of a collection's records, the fields of accounts included. */
export function columnsOf(collection) {
  return [id, ...(collection.type === "auth" ? accountFields : []), ...collection.fields];
}

export const isFile = ({ type }) => type === "file";

/** Whether the server makes (part of) the value, so that it differs from one server to another. */
export function isMade(field) {
  return field.type === "autodate" || Boolean(field.autogeneratePattern);
}
