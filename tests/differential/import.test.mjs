// A data folder of PocketBase, taken over: both servers answer alike afterwards, people sign in with
// their passwords, and the config file that was written changes nothing.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { superuser } from "../../bench/servers.mjs";
import { reads, tables } from "./campaign.mjs";
import { Lab } from "./lab.mjs";
import { contents, importing, imported, made, ours, refusal, target, theirs } from "./moving.mjs";
import { Random } from "./random.mjs";
import { collectionsJson } from "./render.mjs";
import { accounts, settle } from "./settled.mjs";
import { binary, databases, seed } from "./setup.mjs";
import { Session } from "./sides.mjs";
import { wire } from "./wire.mjs";
import { callersOf, makeWorld } from "./world.mjs";

const run = promisify(execFile);
const nothing = /a start with it changes nothing/;
let folder;

before(() => {
  folder = mkdtempSync(`${tmpdir()}/ferrobase-import-`);
});
after(async () => {
  await databases.drop();
  rmSync(folder, { recursive: true, force: true });
});

test("a rich folder is the same afterwards, to everybody", async (context) => {
  const from = `${folder}/rich`;
  const { token } = await made(from, settle);
  const before = contents(from);
  const to = await target(`${folder}/rich-to`);
  const said = await imported(from, to);
  assert.match(said, nothing);
  assert.deepEqual(contents(from), before, "the source was changed");
  const checked = await run(binary, ["check"], { cwd: to.folder, env: to.env });
  assert.match(checked.stdout, /config.toml is fine: 6 collections/);
  const file = readFileSync(`${to.folder}/config.toml`, "utf8");
  for (const secret of ["p:a/s@s", "p%3Aa", "oidc-secret", "gh ${", "se/cret", "se%2Fcret"]) {
    assert.ok(!file.includes(secret), `${secret} is in the file`);
  }

  const sides = [theirs(), await ours(to)];
  context.after(() => Promise.all(sides.map((side) => side.stop())));
  await sides[0].start(from);
  for (const side of sides) side.token = await side.signIn("_superusers", superuser);
  // A start that changed something has said what.
  assert.doesNotMatch(readFileSync(`${to.folder}/data/server.log`, "utf8"), /Plan:|unchanged/);

  // A setting of a later PocketBase.
  await alike(sides, "/api/settings", ({ logs: { maxDataSize, ...logs }, ...rest }) => ({ logs, rest }));
  const everything = await alike(sides, "/api/collections?perPage=500&sort=name", ({ items }) =>
    items.map(withoutWords),
  );
  for (const { name } of everything) {
    const path = `/api/collections/${name}/records?perPage=500&skipTotal=1`;
    // Signing in just now was noted there, on each side.
    const fields = name === "_authOrigins" ? "&fields=id,collectionRef,recordRef,fingerprint" : "";
    await alike(sides, `${path}&sort=id${fields}`);
  }
  const articles = "/api/collections/articles/records?perPage=500&sort=id";
  await alike(sides, `${articles}&expand=owner,tags,notes_via_about&filter=${encodeURIComponent(
    "rank > 0 || meta.a.0 = 1 || tags.name ?~ 'blue' || geoDistance(place.lon, place.lat, 0, 0) < 300",
  )}`);

  for (const [identity, password] of Object.entries(accounts)) {
    for (const way of [identity, identity.split("@")[0]]) {
      const signed = [];
      for (const side of sides) signed.push(await side.signIn("users", { identity: way, password }));
      for (const path of [articles, "/api/collections/users/records?sort=id&fields=*,email"]) {
        await alike(sides, path, undefined, signed);
      }
    }
    const body = JSON.stringify({ identity, password: `${password}!` });
    const [answer] = await asked([sides[1]], "/api/collections/users/auth-with-password", { body });
    assert.equal(answer.status, 400);
  }
  await alike(sides, articles, undefined, ["", ""]);
  const refreshed = await sides[1].send("POST", "/api/collections/users/auth-refresh", { token });
  assert.equal(refreshed.status, 200);
  if (!to.env.DATABASE_URL) {
    // Who signed in has another hash by now.
    const stored = ["data.db", "data.db-wal"].map((name) => readFileSync(`${to.folder}/data/${name}`));
    assert.ok(stored.some((bytes) => bytes.includes("$argon2id$")));
  }
  await filesAlike(sides);
});

/** Both answers, which are the same; `part` is what is compared of them. */
async function alike(sides, path, part = (body) => body, tokens = sides.map(({ token }) => token)) {
  const answers = await asked(sides, path, {}, tokens);
  const [one, other] = answers.map(({ status, text }) => ({ status, body: JSON.parse(text) }));
  assert.equal(one.status, other.status, path);
  const [left, right] = [one, other].map(({ body }) => part(body));
  assert.deepEqual(right, left, path);
  return left;
}

async function asked(sides, path, { body } = {}, tokens = []) {
  const answers = sides.map(async (side, index) => {
    const headers = { Authorization: tokens[index] ?? "", "Content-Type": "application/json" };
    const answer = await fetch(side.url + path, { method: body ? "POST" : "GET", headers, body });
    return { status: answer.status, text: await answer.text() };
  });
  return Promise.all(answers);
}

/** A collection without the texts of mails that nobody wrote, and what only one of both makes up. */
function withoutWords(collection) {
  const { ext, ...rest } = structuredClone(collection);
  delete rest.resetPasswordTemplate;
  delete rest.confirmEmailChangeTemplate;
  for (const mail of [rest.otp, rest.authAlert]) delete mail?.emailTemplate;
  if (rest.name !== "users") delete rest.verificationTemplate;
  if (rest.type === "view") for (const field of rest.fields) delete field.id;
  return rest;
}

async function filesAlike(sides) {
  const path = "/api/collections/articles/records?perPage=500";
  const { items } = await sides[0].ask("GET", path);
  const people = (await sides[0].ask("GET", "/api/collections/users/records")).items;
  const names = [...items.flatMap((item) => [item.cover, item.papers].flat().map((name) => [item, name])),
    ...people.map((item) => [item, item.avatar])].filter(([, name]) => name);
  assert.ok(names.length > 20);
  const tokens = await Promise.all(
    sides.map(async (side) => (await side.ask("POST", "/api/files/token")).token),
  );
  for (const [{ collectionId, id }, name] of names) {
    const bytes = await Promise.all(
      sides.map(async (side, index) => {
        const file = `/api/files/${collectionId}/${id}/${encodeURIComponent(name)}`;
        const answer = await fetch(`${side.url}${file}?token=${tokens[index]}`);
        assert.equal(answer.status, 200, file);
        return Buffer.from(await answer.arrayBuffer());
      }),
    );
    assert.deepEqual(bytes[1], bytes[0], name);
  }
}

test("generated worlds answer the judge's reads alike", async (context) => {
  for (let number = 1, taken = 0; taken < 3; number++) {
    const random = new Random(`${seed}/import/${number}`);
    const world = makeWorld(random);
    const from = `${folder}/world-${number}`;
    const isTaken = await made(from, async (server) => {
      const body = { deleteMissing: true, collections: collectionsJson(world) };
      const made = await server.ask("PUT", "/api/collections/import", { body }).catch((error) => error);
      // Now and then the generator says nonsense.
      if (made instanceof Error) return false;
      const session = new Session(server, server.token);
      for (const write of world.writes) await session.send(wire(write), "root");
      session.client.close();
      return true;
    });
    if (!isTaken) continue;
    taken += 1;
    const to = await target(`${folder}/world-${number}-to`);
    const said = await imported(from, to);
    assert.match(said, nothing, said);
    const sides = [theirs(), await ours(to)];
    await sides[0].start(from);
    const lab = new Lab();
    Object.assign(lab, { world, differences: [], excused: new Map(), sent: 0, isLeft: false });
    lab.sessions = await Promise.all(
      sides.map(async (side) => new Session(side, await side.signIn("_superusers", superuser))),
    );
    try {
      await Promise.all(lab.sessions.map((session) => session.signIn(callersOf(world).slice(2))));
      for (const { tokens } of lab.sessions) assert.ok(tokens.ann && tokens.bob);
      await tables(lab, []);
      await reads(lab, random.fork("reads"), 120);
    } finally {
      await lab.close();
    }
    context.diagnostic(`${lab.sent} requests to world ${number}`);
    assert.deepEqual(lab.differences.map(({ request, where }) => ({ request, where })), []);
  }
});

test("a folder in use is imported as it is just now, and whoever is killed starts anew", async () => {
  const from = `${folder}/busy`;
  const to = await target(`${folder}/busy-to`);
  await made(from, async (server) => {
    const fields = [{ name: "text", type: "text" }, { name: "file", type: "file" }];
    await server.ask("POST", "/api/collections", { body: { name: "things", type: "base", fields } });
    const record = "/api/collections/things/records";
    for (let number = 0; number < 20; number++) {
      await server.ask("POST", record, { body: { text: `thing ${number}` } });
    }
    await killed(from, to);
    assert.ok(!existsSync(`${to.folder}/data/data.db`) && !existsSync(`${to.folder}/config.toml`));
    const said = await imported(from, to);
    assert.match(said, /PocketBase is running on the folder/);
    assert.match(said, nothing);
    // Nobody was kept from writing.
    await server.ask("POST", record, { body: { text: "later" } });
  });
  assert.deepEqual(readdirSync(`${to.folder}/data`).filter((name) => name.startsWith(".import")), []);
  const again = await refusal(from, to);
  assert.equal(again.code, 1);
  assert.match(again.text, /holds (data|collections) already/);
  const server = await ours(to);
  try {
    const token = await server.signIn("_superusers", superuser);
    const { totalItems } = await server.ask("GET", "/api/collections/things/records", { token });
    assert.equal(totalItems, 20);
  } finally {
    await server.stop();
  }
});

/** Imports, and is killed at the first line about records. */
async function killed(from, { folder: cwd, env }) {
  const child = spawn(binary, importing(from), { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  for await (const line of createInterface(child.stderr)) {
    if (/^Importing/.test(line)) child.kill("SIGKILL");
  }
  assert.equal(await ended, "SIGKILL");
}

test("settings that are encrypted want their key, and lost files are named", async () => {
  const from = `${folder}/sealed`;
  const key = "12345678901234567890123456789012";
  const server = theirs();
  server.env = { ...process.env, PB_KEY: key };
  const command = server.command;
  server.command = (dir, address) => [...command(dir, address), "--encryptionEnv", "PB_KEY"];
  mkdirSync(from);
  server.makeSuperuser(from);
  await server.start(from);
  server.token = await server.signIn("_superusers", superuser);
  await server.ask("PATCH", "/api/settings", { body: { meta: { appName: "Sealed" } } });
  const fields = [{ name: "file", type: "file" }];
  await server.ask("POST", "/api/collections", { body: { name: "things", type: "base", fields } });
  const body = new FormData();
  body.append("file", new File(["text"], "lost.txt"));
  const headers = { Authorization: server.token };
  await fetch(`${server.url}/api/collections/things/records`, { method: "POST", headers, body });
  await server.stop();
  const [lost] = readdirSync(`${from}/storage`, { recursive: true }).filter((path) =>
    path.endsWith(".txt"),
  );
  rmSync(`${from}/storage/${lost}`);

  const to = await target(`${folder}/sealed-to`);
  assert.match((await refusal(from, to)).text, /are encrypted/);
  const option = ["--encryption-env", "PB_KEY"];
  assert.match((await refusal(from, to, option)).text, /PB_KEY is not set/);
  const wrong = { ...to, env: { ...to.env, PB_KEY: key.replace("1", "2") } };
  assert.match((await refusal(from, wrong, option)).text, /cannot be decrypted/);
  writeFileSync(`${to.folder}/config.toml`, "# ours\n");
  const said = await imported(from, { ...to, env: { ...to.env, PB_KEY: key } }, option);
  assert.match(said, new RegExp(`1 files that records name are not in the folder:\\s+${lost}`));
  assert.equal(readFileSync(`${to.folder}/config.toml`, "utf8"), "# ours\n");
  assert.match(readFileSync(`${to.folder}/data/config.toml`, "utf8"), /name = "Sealed"/);
});
