// The world of rich.mjs in a running server: collections, records, files, accounts and settings.

import { collections, settings, users } from "./rich.mjs";

/** The passwords of the accounts, by the address that they sign in with. */
export const accounts = {
  "ann@example.com": "ann's long password",
  "bob@example.com": "bob's long password",
  "eve@example.com": "eve's päßwörd 🦀",
};

const pixel = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Makes everything; what has to be known of it afterwards is returned. */
export async function settle(server) {
  const ids = await makeCollections(server);
  const people = await makeUsers(server);
  await makeRecords(server, people);
  await server.ask("POST", "/api/collections/_externalAuths/records", {
    body: { collectionRef: ids.users, recordRef: people[0], provider: "github", providerId: "4711" },
  });
  // Notes where it came from.
  const [[identity, password]] = Object.entries(accounts).slice(1);
  const token = await server.signIn("users", { identity, password });
  await server.ask("PATCH", "/api/settings", { body: settings });
  return { token, people };
}

async function makeCollections(server) {
  const there = await server.ask("GET", "/api/collections/users");
  const dates = there.fields.splice(-2);
  const { fields, indexes, options } = users;
  await server.ask("PATCH", "/api/collections/users", {
    body: {
      ...options,
      fields: [...there.fields, ...fields, ...dates],
      indexes: [...there.indexes, ...indexes],
    },
  });
  const ids = { users: there.id };
  for (const collection of collections) {
    const linked = collection.fields?.map(({ to, ...field }) =>
      to ? { ...field, collectionId: ids[to] } : field,
    );
    const body = { ...collection, ...(linked && { fields: linked }) };
    const { id } = await server.ask("POST", "/api/collections", { body });
    ids[collection.name] = id;
  }
  return ids;
}

async function makeUsers(server) {
  const people = [];
  for (const [email, password] of Object.entries(accounts)) {
    const nick = email.split("@")[0];
    const body = form({
      email,
      password,
      passwordConfirm: password,
      nick,
      name: `The ${nick}`,
      emailVisibility: nick === "ann",
      verified: nick !== "eve",
      role: nick === "ann" ? ["it's", "reader"] : ["writer, too"],
      avatar: new File([pixel], `${nick}.png`),
    });
    people.push((await create(server, "users", body)).id);
  }
  const password = "a long password";
  const staff = { email: "", password, passwordConfirm: password };
  await create(server, "staff", form(staff));
  return people;
}

async function makeRecords(server, people) {
  const tags = [];
  for (const name of ["red", "green & blue", "☃"]) {
    tags.push((await create(server, "tags", form({ name }))).id);
  }
  for (let number = 0; number < 12; number++) {
    const papers = Array.from(
      { length: number % 3 },
      (_, part) => new File([`paper ${number}/${part} ${"x".repeat(part * 1000)}`], `p ${part}.txt`),
    );
    const article = await create(server, "articles", form({
      title: `Article ${number} "quoted" 'so' <b>`,
      body: `<p>${"word ".repeat(number)}</p>`,
      rank: number % 2 ? number - 4.75 : -number % 5,
      count: number + 1,
      published: number % 2 === 0,
      agreed: true,
      mail: number % 3 ? `a${number}@example.org` : "",
      site: number % 4 ? "https://example.com/?a=b" : "",
      day: number % 2 ? `2024-02-${10 + number} 10:20:30.456Z` : "",
      kind: ["a", "b", "in between"][number % 3],
      kinds: ["x", "y", "z"].slice(number % 3),
      ...(number % 4 !== 3 && { cover: new File([pixel], "cover ü.png") }),
      papers,
      owner: people[number % 3],
      tags: tags.slice(0, 1 + (number % 3)),
      meta: JSON.stringify([null, true, 1.5, "text", { a: [1, { b: "ü" }] }, [], {}][number % 7]),
      place: JSON.stringify({ lon: number * 1.25, lat: -number }),
      late: number % 2 ? "late" : "",
    }));
    await create(server, "notes", form({ text: "a\nb", about: [article.id] }));
  }
}

function form(values) {
  const body = new FormData();
  for (const [key, value] of Object.entries(values)) {
    for (const one of [value].flat()) body.append(key, one instanceof File ? one : String(one));
  }
  return body;
}

async function create(server, collection, body) {
  const answer = await fetch(`${server.url}/api/collections/${collection}/records`, {
    method: "POST",
    headers: { Authorization: server.token },
    body,
  });
  const record = await answer.json();
  if (answer.status !== 200) throw new Error(`${collection}: ${JSON.stringify(record)}`);
  return record;
}
