// A world's collections as PocketBase's JSON and as our config.toml.

import { print } from "./filters.mjs";

/** A collection's id, which both servers make of its type and name (contract A 2.5). */
export function collectionId({ name, type }) {
  return name === "users" ? "_pb_users_auth_" : `pbc_${crc32(type + name)}`;
}

const text = (rule) => (rule === null || rule === "" ? rule : print(rule));

/** For PocketBase's import. */
export function collectionsJson(world) {
  const ids = new Map(
    world.collections.map((collection) => [collection.name, collectionId(collection)]),
  );
  return world.collections.map(({ name, type, fields, rules, indexes, query }) => ({
    id: ids.get(name),
    name,
    type,
    ...Object.fromEntries(Object.entries(rules).map(([word, rule]) => [`${word}Rule`, text(rule)])),
    ...(type === "view" && { viewQuery: query }),
    ...(type !== "view" && { indexes, fields: [...quickPassword(type), ...fields.map(fieldJson)] }),
    ...(type === "auth" && { authAlert: { enabled: false } }),
  }));

  function fieldJson({ to, ...field }) {
    return to ? { ...field, collectionId: ids.get(to) } : field;
  }
}

/** Hashes are not what is compared, so they may be cheap. */
function quickPassword(type) {
  const field = { name: "password", type: "password", system: true, hidden: true, required: true };
  return type === "auth" ? [{ ...field, min: 8, cost: 4 }] : [];
}

const head = `[database]
durability = "normal"

[auth]
argon2 = { memory = "8kB", passes = 1, lanes = 1 }
throttle = false
`;

export function configToml(world) {
  return head + world.collections.map(collectionToml).join("");
}

function collectionToml({ name, type, fields, rules, indexes, query }) {
  const lines = [`\n[collections.${name}]`, `type = "${type}"`];
  if (type === "view") {
    lines.push(`query = ${JSON.stringify(query)}`);
  } else {
    lines.push("timestamps = false", `indexes = ${JSON.stringify(indexes)}`);
    lines.push(
      ...fields.flatMap((field) => [
        `[collections.${name}.fields.${field.name}]`,
        ...fieldToml(field),
      ]),
    );
  }
  lines.push(`[collections.${name}.rules]`);
  for (const [word, rule] of Object.entries(rules)) {
    const written = text(rule);
    const spelled = written === null ? "locked" : written === "" ? "public" : written;
    lines.push(`${word} = ${JSON.stringify(spelled)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** The long form: a key for each option of PocketBase's, under its own name or ours. */
function fieldToml(field) {
  const { type } = field;
  const counts = type === "number" || type === "bool";
  const heads = { geoPoint: "geo", relation: "relation" };
  const on = [field.onCreate && "create", field.onUpdate && "update"].filter(Boolean);
  const keys = {
    type: type === "number" && field.onlyInt ? "int" : (heads[type] ?? type),
    to: field.to,
    values: field.values,
    [counts ? "nonzero" : "required"]: field.required,
    multiple: field.maxSelect > 1 ? field.maxSelect : undefined,
    min: field.min ?? field.minSelect,
    max: field.max ?? (field.maxSize && `${field.maxSize}B`),
    pattern: field.pattern,
    autogenerate: field.autogeneratePattern,
    only: field.onlyDomains,
    except: field.exceptDomains,
    types: field.mimeTypes,
    thumbs: field.thumbs,
    protected: field.protected,
    hidden: field.hidden,
    label: field.presentable,
    on: type === "autodate" ? on : undefined,
    on_delete: field.cascadeDelete ? "cascade" : undefined,
  };
  return Object.entries(keys)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
}

/** The checksum of a text or of bytes. */
export function crc32(text) {
  let crc = -1;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
  }
  return (crc ^ -1) >>> 0;
}
