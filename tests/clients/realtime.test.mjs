// The stock client is told of changes, and finds its way back when the server was away.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { EventSource } from "eventsource";
import PocketBase from "pocketbase";

import { serve } from "./server.mjs";

globalThis.EventSource = EventSource;

const password = "a good password";
const clients = [];
let server;

before(async () => {
  server = await serve(fileURLToPath(new URL("realtime.toml", import.meta.url)));
});

after(async () => {
  for (const client of clients) await client.realtime.unsubscribe();
  assert.equal(await server.stop(), 0);
});

function guest() {
  const client = new PocketBase(server.url);
  client.autoCancellation(false);
  clients.push(client);
  return client;
}

async function user(name) {
  const client = guest();
  const email = `${name}@example.com`;
  const body = { email, password, passwordConfirm: password, name };
  await client.collection("users").create(body);
  await client.collection("users").authWithPassword(email, password);
  return client;
}

/** Subscribes and answers a function that waits for the next message. */
async function listen(client, collection, topic, options) {
  const told = [];
  const waiting = [];
  const unsubscribe = await client.collection(collection).subscribe(
    topic,
    (message) => (waiting.length ? waiting.shift()(message) : told.push(message)),
    options,
  );
  const next = () =>
    told.length ? told.shift() : new Promise((resolve) => waiting.push(resolve));
  return { next, unsubscribe };
}

test("every change of a collection, and of one record", async () => {
  const pb = guest();
  const messages = pb.collection("messages");
  const all = await listen(pb, "messages", "*");
  const made = await messages.create({ text: "one" });
  assert.deepEqual(await all.next(), { action: "create", record: made });
  const one = await listen(pb, "messages", made.id);
  const changed = await messages.update(made.id, { text: "two" });
  assert.deepEqual(await all.next(), { action: "update", record: changed });
  assert.deepEqual(await one.next(), { action: "update", record: changed });
  await one.unsubscribe();
  await messages.delete(made.id);
  assert.deepEqual(await all.next(), { action: "delete", record: changed });

  await all.unsubscribe();
  assert.equal(pb.realtime.isConnected, false);
});

test("filter, expand and fields", async () => {
  const pb = await user("ann");
  const options = {
    filter: pb.filter("room = {:room}", { room: "it's & more?" }),
    expand: "author",
    fields: "text,expand.author.name",
  };
  const { next } = await listen(pb, "messages", "*", options);
  await pb.collection("messages").create({ text: "elsewhere", room: "other" });
  await pb.collection("messages").create({ text: "here", room: "it's & more?" });
  const record = { text: "here", expand: { author: { name: "ann" } } };
  assert.deepEqual(await next(), { action: "create", record });
});

test("a client is told what its account may know", async () => {
  const [bob, cleo] = [await user("bob"), await user("cleo")];
  const bobs = await listen(bob, "diary", "*");
  const cleos = await listen(cleo, "diary", "*");
  await bob.collection("diary").create({ text: "bob's" });
  await cleo.collection("diary").create({ text: "cleo's" });
  assert.equal((await bobs.next()).record.text, "bob's");
  assert.equal((await cleos.next()).record.text, "cleo's");
});

test("it comes back when the server was away", async () => {
  const pb = guest();
  const { next } = await listen(pb, "messages", "*");
  const id = pb.realtime.clientId;
  await server.restart();
  // The client subscribes again by itself, and nobody says when: until then nobody hears of these.
  let told;
  const message = next().then((message) => (told = message));
  while (!told) {
    await pb.collection("messages").create({ text: "again" });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await message).record.text, "again");
  assert.notEqual(pb.realtime.clientId, id);
});
