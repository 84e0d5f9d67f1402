// Random changes of collections over the API: made, updated, renamed, imported, emptied, deleted, with
// good options and bad ones, and the rows that have to follow.

const names = ["alpha", "beta", "gamma"];
const fieldNames = ["title", "body", "n", "flag", "kind", "one", "at", "extra"];
const values = ["red", "green", "blue"];

/** A story: `count` requests to servers that begin with what they have by themselves. */
export function* story(random, count) {
  for (let step = 0; step < count; step++) yield request(random.fork(`step ${step}`));
}

function request(random) {
  const name = random.pick(names);
  const imported = random.pick(["delta", "epsilon"]);
  return random.weighted([
    [0.5, () => get(`/api/collections/${imported}?fields=fields,indexes`)],
    [0.5, () => row(random, imported)],
    [4, () => post("/api/collections", collection(random, name))],
    [6, () => patch(name, update(random, name))],
    [1, () => ({ method: "DELETE", path: `/api/collections/${name}` })],
    [0.5, () => ({ method: "DELETE", path: `/api/collections/${name}/truncate` })],
    [1.5, () => imports(random)],
    [0.5, () => ({ method: "GET", path: "/api/collections/meta/scaffolds" })],
    [1, () => list(random)],
    [4, () => row(random, name)],
    [1, () => get(`/api/collections/${name}/records?sort=id`)],
    [1, () => patch(random.pick(["users", "_superusers"]), update(random, "users"))],
    [1, () => post("/api/collections", view(random))],
    [
      0.7,
      () =>
        patch("digest", {
          ...(random.chance(0.6) && { viewQuery: query(random) }),
          listRule: rule(random),
        }),
    ],
    [0.3, () => ({ method: "DELETE", path: "/api/collections/digest" })],
    [0.7, () => post("/api/collections/meta/dry-run-view", { query: query(random) })],
  ])();
}

const get = (path) => ({ method: "GET", path });
const post = (path, body) => ({ method: "POST", path, body });
const patch = (name, body) => ({ method: "PATCH", path: `/api/collections/${name}`, body });

function collection(random, name) {
  const type = random.weighted([
    [6, "base"],
    [3, "auth"],
    [0.3, "nope"],
  ]);
  return {
    name: random.chance(0.9)
      ? name
      : random.pick(["", "a b", "x_via_y", name.toUpperCase(), "_params"]),
    ...(random.chance(0.8) && { type }),
    ...(random.chance(0.1) && { id: random.pick(["own_id", "a b", ""]) }),
    ...parts(random, name, type),
  };
}

function update(random, name) {
  return {
    ...(random.chance(0.15) && { name: random.pick([...names, "a b", "users"]) }),
    ...(random.chance(0.05) && { system: true }),
    ...parts(random, name, "auth"),
  };
}

function parts(random, name, type) {
  const fields = random.chance(0.7) && { fields: fieldList(random) };
  return {
    ...fields,
    ...(random.chance(0.3) && { indexes: indexes(random, name, fields?.fields ?? []) }),
    ...Object.fromEntries(
      ["listRule", "viewRule", "createRule", "updateRule", "deleteRule"]
        .filter(() => random.chance(0.15))
        .map((key) => [key, rule(random)]),
    ),
    ...(type === "auth" && random.chance(0.4) && authOptions(random)),
  };
}

function rule(random) {
  return random.pick([
    null,
    "",
    "title = 'x'",
    "nope = 1",
    "title ~",
    "@request.auth.id != ''",
    " ",
    "id = @request.body.title",
    "@collection.alpha.title = 'x'",
    "@request.query.a = 'b' && n > 1",
  ]);
}

function authOptions(random) {
  return random.pick([
    { authRule: random.pick([null, "", "verified = true", "nope = 1"]) },
    { manageRule: random.pick([null, "", "@request.auth.id = 'x'"]) },
    { passwordAuth: { enabled: random.chance(0.7) } },
    { passwordAuth: { identityFields: random.pick([["email"], [], ["title"], ["id"]]) } },
    {
      otp: {
        enabled: random.chance(0.5),
        duration: random.pick([5, 60, 100000]),
        length: random.pick([3, 6]),
      },
    },
    { mfa: { enabled: true, duration: random.pick([0, 60]) } },
    { authToken: { duration: random.pick([0, 5, 600, 1e9]) } },
    { fileToken: { secret: random.pick(["short", "x".repeat(40), ""]) } },
    { verificationTemplate: { subject: random.pick(["", "S"]) } },
    { oauth2: { mappedFields: { name: random.pick(["title", "nope"]) } } },
  ]);
}

function fieldList(random) {
  const count = random.between(0, 5);
  const list = random.sample(fieldNames, count).map((name) => field(random, name));
  if (random.chance(0.15))
    list.unshift({
      name: "id",
      type: "text",
      ...(random.chance(0.5) && {
        min: 1,
        max: 30,
        pattern: "^[a-z]+$",
        autogeneratePattern: "[a-z]{10}",
      }),
    });
  if (random.chance(0.06)) list.push({ ...random.pick([...list, field(random, "title")]) });
  return list;
}

function field(random, name) {
  const type = random.weighted([
    [
      4,
      {
        title: "text",
        body: "editor",
        n: "number",
        flag: "bool",
        kind: "select",
        one: "relation",
        at: "date",
        extra: "text",
      }[name],
    ],
    [
      1,
      random.pick([
        "text",
        "number",
        "bool",
        "email",
        "url",
        "date",
        "json",
        "file",
        "geoPoint",
        "password",
        "autodate",
        "select",
      ]),
    ],
  ]);
  return {
    name: random.chance(0.96)
      ? name
      : random.pick(["", "expand", "a b", "x_via_y", "Title", "x".repeat(101)]),
    type,
    // Often the same id whatever the name, so that fields are renamed.
    ...(random.chance(0.25) && { id: `own_${type}` }),
    ...(random.chance(0.2) && { required: true }),
    ...(random.chance(0.1) && { hidden: true }),
    ...(random.chance(0.05) && { help: random.pick(["h", "h".repeat(301)]) }),
    ...options(random, type),
  };
}

function options(random, type) {
  const odd = random.chance(0.15);
  switch (type) {
    case "text":
      return {
        ...(odd &&
          random.pick([
            { min: 5, max: 2 },
            { pattern: "(" },
            { autogeneratePattern: "[a-z]{3}", min: 5 },
            { min: -1 },
            { max: 9 },
            { primaryKey: true },
          ])),
      };
    case "number":
      return {
        ...(odd &&
          random.pick([
            { min: 5, max: 2 },
            { onlyInt: true, min: 1.5 },
            { min: 0, max: 9 },
          ])),
      };
    case "select":
      return { ...(!random.chance(0.1) && { values }), maxSelect: random.pick([0, 1, 2, 3, 4]) };
    case "relation":
      return {
        collectionId: random.weighted([
          [8, "_pb_users_auth_"],
          [1, "nope"],
          [1, ""],
        ]),
        maxSelect: random.pick([0, 1, 3]),
        minSelect: random.pick([0, 0, 2]),
      };
    case "file":
      return {
        maxSelect: random.pick([0, 1, 3]),
        ...(odd && { thumbs: random.pick([["100x100"], ["0x0"], ["x"]]) }),
      };
    case "autodate":
      return { onCreate: random.chance(0.8), onUpdate: random.chance(0.3) };
    case "email":
    case "url":
      return {
        ...(odd &&
          random.pick([
            { onlyDomains: ["a.com"], exceptDomains: ["b.com"] },
            { onlyDomains: ["x x"] },
            { onlyDomains: ["a.com"] },
          ])),
      };
    case "date":
      return { ...(odd && { min: "2020-01-01 00:00:00.000Z", max: "nonsense" }) };
    case "password":
      return {
        ...(odd && random.pick([{ min: 80 }, { min: 5, max: 3 }, { cost: 2 }, { cost: 10 }])),
      };
    case "json":
    case "editor":
      return { ...(odd && { maxSize: random.pick([-1, 100]) }) };
    default:
      return {};
  }
}

function indexes(random, name, fields) {
  const columns = [...fields.map(({ name }) => name), "title", "id"];
  const one = () => {
    const column = random.pick(columns);
    const unique = random.chance(0.4) ? "UNIQUE " : "";
    const where = random.chance(0.2) ? ` WHERE \`${column}\` != ''` : "";
    const index = random.pick([`idx_${name}_a`, `idx_${name}_b`, "idx_shared"]);
    return `CREATE ${unique}INDEX \`${index}\` ON \`${random.pick([name, "other"])}\` (\`${column}\`${random.pick(["", "", " COLLATE NOCASE", " DESC"])})${where}`;
  };
  return random.chance(0.1)
    ? ["CREATE INDEX", one()]
    : Array.from({ length: random.between(0, 2) }, one);
}

function query(random) {
  const from = random.pick([...names, "users"]);
  return random.pick([
    `select id, title from ${from}`,
    `select id, title as head, n from ${from}`,
    `select (row_number() over()) as id, count(id) as many from ${from} group by title`,
    `select id, id as origin, cast(n as real) as r from ${from}`,
    `select a.id, a.title, u.email from ${from} a left join users u on u.id = a.one`,
    `select * from ${from}`,
    `select title from ${from}`,
    `select id from nowhere`,
    `select 1 as id, 'x' as word`,
    "select",
  ]);
}

function view(random) {
  return {
    name: random.chance(0.9) ? "digest" : random.pick(names),
    type: "view",
    viewQuery: query(random),
    ...(random.chance(0.2) && { fields: fieldList(random) }),
    ...(random.chance(0.2) && { listRule: rule(random) }),
    ...(random.chance(0.1) && { createRule: "" }),
  };
}

/**
 * Of collections of their own, whose fields have the ids that are made: PocketBase keeps a stored field
 * of another id as it was, whatever the import says of its options.
 */
function imports(random) {
  const chosen = random.sample(["delta", "epsilon"], random.between(0, 2));
  const collections = chosen.map((name) => {
    const { fields, ...rest } = parts(random, name, "base");
    const plain = fields?.map(({ id, ...field }) => field);
    return {
      name,
      ...(random.chance(0.3) && { type: "base" }),
      ...(plain && { fields: plain }),
      ...rest,
    };
  });
  return {
    method: "PUT",
    path: "/api/collections/import",
    body: { collections, ...(random.chance(0.3) && { deleteMissing: true }) },
  };
}

function list(random) {
  const parameters = new URLSearchParams();
  const asked = random.pick([
    "1 = 1",
    "name ~ 'a'",
    "system = 0",
    "type = 'auth' || name = 'alpha'",
    "fields ~ 'x'",
    "name = ",
    "created > @now",
    "system != 'x'",
    "id !~ 'pbc'",
  ]);
  const sort = random.pick(["", "name", "-name", "type,-name", "fields", "system,name", "-@rowid"]);
  // The collections of the product itself were made in another order.
  parameters.set("filter", `system = false && (${asked})`);
  if (sort) parameters.set("sort", sort);
  parameters.set("fields", "name,type");
  return get(`/api/collections?${parameters}`);
}

function row(random, name) {
  const id = random.pick(["aaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbb", "ccccccccccccccc"]);
  const body = Object.fromEntries(
    random
      .sample(fieldNames, 4)
      .map((field) => [
        field,
        random.pick([
          {
            title: "t",
            body: "<p>b</p>",
            n: 5,
            flag: true,
            kind: "red",
            one: "",
            at: "2024-01-02 03:04:05.000Z",
            extra: "e",
          }[field],
          {
            title: "",
            body: "",
            n: 0,
            flag: false,
            kind: ["red", "green"],
            one: [],
            at: "",
            extra: "7",
          }[field],
        ]),
      ]),
  );
  const account = {
    email: `${id.slice(0, 3)}@example.com`,
    password: "a long password",
    passwordConfirm: "a long password",
  };
  return random.chance(0.7)
    ? post(`/api/collections/${name}/records`, { id, ...body, ...account })
    : { method: "PATCH", path: `/api/collections/${name}/records/${id}`, body };
}
