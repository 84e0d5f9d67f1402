// The blog of the top-level config.toml with its seeds, through the functions of examples/blog.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import PocketBase from "pocketbase";

import * as blog from "../../examples/blog/blog.mjs";
import { serve, superuser } from "./server.mjs";

const config = fileURLToPath(new URL("../../config.toml", import.meta.url));
const password = "changeme123";

let server;
let ada;
let reader;

before(async () => {
  server = await serve(config, ["--env", "dev"]);
  ada = new PocketBase(server.url);
  await blog.signIn(ada, "ada@example.com", password);
  reader = new PocketBase(server.url);
  await blog.signUp(reader, { email: "reader@example.com", password, name: "Reader" });
});

after(() => server.stop());

test("the seeds are there, and guests see what is published", async () => {
  const guest = new PocketBase(server.url);
  const hello = await blog.readPost(guest, "hello");
  assert.equal(hello.title, "Hello");
  assert.equal(hello.expand.author.name, "Ada");
  assert.deepEqual(hello.expand.tags.map((tag) => tag.slug), ["news"]);
  assert.deepEqual(hello.count, { likes: 0, comments: 0 });

  const page = await blog.frontPage(guest);
  assert.ok(page.items.length > 0);
  assert.ok(page.items.every((post) => post.status === "published"));
});

test("an author writes, publishes, and is commented on and liked", async () => {
  const post = await blog.writePost(ada, {
    title: "Ferris writes",
    slug: "ferris-writes",
    body: "<p>On the beach.</p>",
  });
  assert.equal(post.status, "draft");
  assert.deepEqual((await blog.drafts(ada)).filter(({ id }) => id === post.id).length, 1);
  await assert.rejects(blog.readPost(reader, "ferris-writes"), { status: 404 });
  await assert.rejects(blog.comment(reader, post, "Too early"), { status: 400 });

  await blog.publish(ada, post);
  const said = await blog.comment(reader, post, "Well said");
  assert.equal(said.expand.author.name, "Reader");
  assert.equal(await blog.toggleLike(reader, post), true);

  const read = await blog.readPost(reader, "ferris-writes");
  assert.deepEqual(read.count, { likes: 1, comments: 1 });
  assert.deepEqual(read.comments.map(({ text }) => text), ["Well said"]);
  assert.deepEqual((await blog.search(reader, "ferris")).items.map(({ id }) => id), [post.id]);

  assert.equal(await blog.toggleLike(reader, post), false);
  assert.equal((await blog.readPost(reader, "ferris-writes")).count.likes, 0);
});

test("readers cannot write posts or make themselves authors", async () => {
  const post = { title: "Mine", slug: "mine", body: "<p>x</p>" };
  await assert.rejects(blog.writePost(reader, post), { status: 400 });
  const me = reader.authStore.record.id;
  const update = reader.collection("users").update(me, { role: "author" });
  await assert.rejects(update, { status: 404 });
  assert.equal((await reader.collection("users").getOne(me)).role, "reader");
});

test("a second like is refused by the index, at its fields", async () => {
  const { id } = await blog.readPost(ada, "hello");
  await ada.collection("likes").create({ post: id });
  const again = ada.collection("likes").create({ post: id });
  const error = await again.then(() => assert.fail("liked twice"), (reason) => reason);
  assert.equal(error.status, 400);
  assert.equal(error.response.data.post.code, "validation_not_unique");
  assert.equal(error.response.data.user.code, "validation_not_unique");
});

test("a superuser makes a reader an author", async () => {
  const root = new PocketBase(server.url);
  await root.collection("_superusers").authWithPassword(superuser.email, superuser.password);
  await root.collection("users").update(reader.authStore.record.id, { role: "author" });
  const post = await blog.writePost(reader, { title: "Now", slug: "now", body: "<p>x</p>" });
  assert.equal(post.author, reader.authStore.record.id);
});
