// The stock pocketbase client, unchanged, doing what a frontend does.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import PocketBase, { ClientResponseError } from "pocketbase";

import { serve, superuser } from "./server.mjs";

let server;

before(async () => {
  server = await serve();
});

after(async () => {
  assert.equal(await server.stop(), 0, "a terminated server exits with 0");
});

const password = "a good password";

let count = 0;

/** A guest's client; every test has its own auth store. */
function guest() {
  return new PocketBase(server.url);
}

/** Signs a new account up and in. */
async function signedIn(name = "Ann") {
  const pb = guest();
  const email = `user${++count}@example.com`;
  await pb.collection("users").create({ email, password, passwordConfirm: password, name });
  await pb.collection("users").authWithPassword(email, password);
  return pb;
}

/** The error that a promise is rejected with, which must be the client's own type. */
async function refused(promise) {
  const error = await promise.then(
    () => assert.fail("this should have been refused"),
    (reason) => reason,
  );
  assert.ok(error instanceof ClientResponseError, String(error));
  return error;
}

describe("batches", () => {
  test("several writes are one, and each answers in its place", async () => {
    const pb = await signedIn();
    const kept = await pb.collection("tags").create({ name: "batch kept", rank: 1 });
    const gone = await pb.collection("tags").create({ name: "batch gone" });
    const batch = pb.createBatch();
    batch.collection("tags").create({ id: "batchbatchbatch", name: "batch new", rank: 1 });
    batch.collection("tags").upsert({ id: "batchbatchbatch", name: "batch newer", "rank+": 1 });
    batch.collection("posts").create(
      { title: "Batched", status: "published", tags: [kept.id, "batchbatchbatch"] },
      { expand: "tags", fields: "title,expand.tags.name" },
    );
    batch.collection("tags").update(kept.id, { name: "batch changed" });
    batch.collection("tags").delete(gone.id);
    const answers = await batch.send();
    assert.deepEqual(answers.map((answer) => answer.status), [200, 200, 200, 200, 204]);
    assert.deepEqual([answers[1].body.name, answers[1].body.rank], ["batch newer", 2]);
    assert.deepEqual(answers[2].body, {
      title: "Batched",
      expand: { tags: [{ name: "batch kept" }, { name: "batch newer" }] },
    });
    assert.equal(answers[3].body.name, "batch changed");
    assert.equal((await refused(pb.collection("tags").getOne(gone.id))).status, 404);
  });

  test("one that fails undoes the others and says why", async () => {
    const pb = await signedIn();
    const batch = pb.createBatch();
    batch.collection("tags").create({ name: "batch undone" });
    batch.collection("posts").create({ title: "x" });
    const error = await refused(batch.send());
    assert.equal(error.status, 400);
    const { response } = error.response.data.requests["1"];
    assert.equal(response.status, 400);
    assert.equal(response.data.title.code, "validation_min_text_constraint");
    const filter = "name = 'batch undone'";
    assert.equal((await pb.collection("tags").getList(1, 1, { filter })).totalItems, 0);

    const many = pb.createBatch();
    for (let index = 0; index < 6; index++) many.collection("tags").create({ name: `batch ${index}` });
    const refusal = await refused(many.send());
    assert.equal(refusal.response.data.requests.code, "validation_length_too_long");
  });

  test("a guest does no more than alone", async () => {
    const batch = guest().createBatch();
    batch.collection("tags").create({ name: "batch guest" });
    const error = await refused(batch.send());
    assert.equal(error.response.data.requests["0"].response.status, 400);
  });
});

describe("settings", () => {
  test("a superuser reads and changes them, and the file keeps its own", async () => {
    const pb = guest();
    assert.equal((await refused(pb.settings.getAll())).status, 401);
    await pb.collection("_superusers").authWithPassword(superuser.email, superuser.password);
    const settings = await pb.settings.getAll();
    assert.deepEqual([settings.batch.enabled, settings.batch.maxRequests], [true, 5]);
    const changed = await pb.settings.update({ meta: { appName: "Clients" } });
    assert.equal(changed.meta.appName, "Clients");
    const error = await refused(pb.settings.update({ batch: { enabled: false } }));
    assert.equal(error.response.data.batch.enabled.code, "validation_set_by_config_file");
    await pb.settings.update(settings);
    assert.equal((await pb.settings.getAll()).meta.appName, settings.meta.appName);
  });

  test("a superuser sees whether mails are sent", async () => {
    const pb = guest();
    await pb.collection("_superusers").authWithPassword(superuser.email, superuser.password);
    assert.equal(await pb.settings.testEmail("users", "me@example.com", "verification"), true);
    const refusal = await refused(pb.settings.testEmail("users", "me", "verification"));
    assert.deepEqual([refusal.status, refusal.response.data.email.code], [400, "validation_is_email"]);
  });
});

describe("accounts", () => {
  test("sign-up answers the record without its secrets", async () => {
    const record = await guest().collection("users").create({
      email: "new@example.com",
      password,
      passwordConfirm: password,
      name: "New",
    });
    assert.match(record.id, /^[a-z0-9]{15}$/);
    assert.equal(record.name, "New");
    assert.equal(record.verified, false);
    assert.equal(record.collectionName, "users");
    assert.ok(!("password" in record) && !("tokenKey" in record));
    assert.ok(!("email" in record), "a guest does not see the address");
  });

  test("a refused sign-up names each field", async () => {
    const error = await refused(
      guest().collection("users").create({ email: "x@example.com", password, passwordConfirm: "other" }),
    );
    assert.equal(error.status, 400);
    assert.equal(error.response.data.passwordConfirm.code, "validation_values_mismatch");

    const missing = await refused(
      guest().collection("users").create({ email: "no address", password, passwordConfirm: password }),
    );
    assert.equal(missing.response.data.name.code, "validation_required");
    assert.equal(missing.response.data.email.code, "validation_is_email");
    assert.ok(missing.response.data.name.message.length > 0);
  });

  test("a taken address is refused", async () => {
    const body = { email: "taken@example.com", password, passwordConfirm: password, name: "A" };
    await guest().collection("users").create(body);
    const error = await refused(guest().collection("users").create(body));
    assert.equal(error.response.data.email.code, "validation_not_unique");
  });

  test("sign-in fills the auth store, sign-out empties it", async () => {
    const pb = await signedIn("Bea");
    assert.ok(pb.authStore.isValid);
    assert.equal(pb.authStore.record.name, "Bea");
    assert.match(pb.authStore.record.email, /@example\.com$/);
    assert.ok(!pb.authStore.isSuperuser);
    pb.authStore.clear();
    assert.ok(!pb.authStore.isValid);
  });

  test("a wrong password is refused without saying which part was wrong", async () => {
    const pb = await signedIn();
    const { email } = pb.authStore.record;
    const wrong = await refused(guest().collection("users").authWithPassword(email, "not this one"));
    const unknown = await refused(guest().collection("users").authWithPassword("who@example.com", password));
    assert.equal(wrong.status, 400);
    assert.deepEqual(wrong.response, unknown.response);
  });

  test("a refresh answers a valid token for the same record", async () => {
    const pb = await signedIn();
    const before = pb.authStore.record.id;
    const { token, record } = await pb.collection("users").authRefresh();
    assert.equal(record.id, before);
    assert.equal(pb.authStore.token, token);
    assert.ok(pb.authStore.isValid);
  });

  test("a guest cannot refresh", async () => {
    const error = await refused(guest().collection("users").authRefresh());
    assert.equal(error.status, 401);
  });

  test("the token works bare and as Bearer, a made-up one is a guest's", async () => {
    const pb = await signedIn();
    const seen = async (authorization) => {
      const url = `${server.url}/api/collections/users/records/${pb.authStore.record.id}`;
      return (await fetch(url, { headers: { authorization } })).status;
    };
    assert.equal(await seen(pb.authStore.token), 200);
    assert.equal(await seen(`Bearer ${pb.authStore.token}`), 200);
    assert.equal(await seen("made.up.token"), 404);
  });

  test("a changed password ends the sessions that were there", async () => {
    const pb = await signedIn();
    const { id } = pb.authStore.record;
    const changed = "another password";
    await pb.collection("users").update(id, {
      oldPassword: password,
      password: changed,
      passwordConfirm: changed,
    });
    assert.equal((await refused(pb.collection("users").authRefresh())).status, 401);
    const { email } = pb.authStore.record;
    await guest().collection("users").authWithPassword(email, changed);
  });

  test("the ways in are listed", async () => {
    const methods = await guest().collection("users").listAuthMethods();
    assert.equal(methods.password.enabled, true);
    assert.deepEqual(methods.password.identityFields, ["email"]);
    assert.equal(methods.oauth2.enabled, false);
  });

  test("a superuser sees what rules hide", async () => {
    const author = await signedIn();
    const draft = await author.collection("posts").create({ title: "Hidden draft" });
    const pb = guest();
    await pb.collection("_superusers").authWithPassword(superuser.email, superuser.password);
    assert.ok(pb.authStore.isSuperuser);
    assert.equal((await pb.collection("posts").getOne(draft.id)).title, "Hidden draft");
  });
});

describe("records", () => {
  test("create, view, update and delete", async () => {
    const pb = await signedIn();
    const posts = pb.collection("posts");
    const post = await posts.create({ title: "First", body: "<p>Hi</p>", meta: { a: [1, null] } });
    assert.equal(post.author, pb.authStore.record.id);
    assert.equal(post.status, "draft");
    assert.equal(post.published_at, null);
    assert.deepEqual(post.tags, []);
    assert.deepEqual(post.meta, { a: [1, null] });
    assert.match(post.created, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(await posts.getOne(post.id), post);

    const changed = await posts.update(post.id, { title: "Second", "views+": 2 });
    assert.equal(changed.title, "Second");
    assert.equal(changed.views, 2);
    assert.equal(changed.body, "<p>Hi</p>");

    assert.equal(await posts.delete(post.id), true);
    assert.equal((await refused(posts.getOne(post.id))).status, 404);
  });

  test("errors carry the fields and change nothing", async () => {
    const pb = await signedIn();
    const posts = pb.collection("posts");
    const error = await refused(posts.create({ title: "x", views: -1, status: "gone" }));
    assert.equal(error.status, 400);
    assert.deepEqual(Object.keys(error.response.data).sort(), ["status", "title", "views"]);
    assert.equal(error.response.data.title.code, "validation_min_text_constraint");
    assert.deepEqual(error.response.data.title.params, { min: 3 });
    const mine = pb.filter("author = {:me}", { me: pb.authStore.record.id });
    assert.equal((await posts.getList(1, 1, { filter: mine })).totalItems, 0);
  });

  test("a stranger learns nothing about a draft", async () => {
    const author = await signedIn();
    const post = await author.collection("posts").create({ title: "Draft" });
    const stranger = await signedIn();
    for (const pb of [stranger, guest()]) {
      assert.equal((await refused(pb.collection("posts").getOne(post.id))).status, 404);
      assert.equal((await refused(pb.collection("posts").update(post.id, { title: "Mine" }))).status, 404);
      assert.equal((await refused(pb.collection("posts").delete(post.id))).status, 404);
    }
    assert.equal((await author.collection("posts").getOne(post.id)).title, "Draft");
  });

  test("a guest may not create, and nobody in another's name", async () => {
    assert.equal((await refused(guest().collection("posts").create({ title: "Guest" }))).status, 400);
    const [ann, bea] = [await signedIn(), await signedIn()];
    const error = await refused(
      ann.collection("posts").create({ title: "Not mine", author: bea.authStore.record.id }),
    );
    assert.equal(error.status, 400);
    assert.deepEqual(error.response.data, {});
  });

  test("an unknown collection is not found", async () => {
    assert.equal((await refused(guest().collection("nothing").getList())).status, 404);
  });
});

describe("lists", () => {
  test("filters take parameters, quotes and dates included", async () => {
    const pb = await signedIn();
    const posts = pb.collection("posts");
    const title = `It's "quoted" \\ and \n odd`;
    const published_at = new Date("2026-02-03T04:05:06.789Z");
    await posts.create({ title, published_at, status: "published", views: 7 });
    await posts.create({ title: "Other", published_at: new Date("2025-01-01"), views: 1 });

    const found = await posts.getList(1, 10, { filter: pb.filter("title = {:title}", { title }) });
    assert.equal(found.totalItems, 1);
    assert.equal(found.items[0].published_at, "2026-02-03 04:05:06.789Z");

    const mine = pb.filter("author = {:me} && published_at >= {:day} && views > {:views}", {
      me: pb.authStore.record.id,
      day: new Date("2026-02-03T04:05:06.789Z"),
      views: 6.5,
    });
    assert.equal((await posts.getList(1, 10, { filter: mine })).totalItems, 1);
  });

  test("a search finds words, and the best match first", async () => {
    const pb = await signedIn();
    const posts = pb.collection("posts");
    const write = (title, body, status = "published") => posts.create({ title, body, status });
    await write("Other", "<p>about <em>zebras</em> and a Giraffe</p>");
    await write("Zebra, giraffe", "");
    await write("Zebra giraffe draft", "", "draft");
    const titles = async (client, options) =>
      (await client.collection("posts").getList(1, 10, options)).items.map((post) => post.title);
    assert.deepEqual(await titles(guest(), { search: "giraffe zeb" }), ["Zebra, giraffe", "Other"]);
    const sorted = await titles(pb, { search: "giraffe ZÉB", sort: "title" });
    assert.deepEqual(sorted, ["Other", "Zebra giraffe draft", "Zebra, giraffe"]);
    assert.deepEqual(await titles(pb, { search: "zebras", filter: "title = 'Zebra, giraffe'" }), []);
    assert.deepEqual(await titles(guest(), { search: "draft giraffe" }), []);
  });

  test("a broken filter is a 400", async () => {
    const error = await refused(guest().collection("tags").getList(1, 10, { filter: "name = " }));
    assert.equal(error.status, 400);
    assert.deepEqual(error.response.data, {});
  });

  test("a full list goes through several pages", async () => {
    const pb = await signedIn();
    const tags = pb.collection("tags");
    for (let rank = 1; rank <= 35; rank++) {
      await tags.create({ name: `page ${rank}`, rank });
    }
    const filter = "name ~ 'page %'";
    const all = await tags.getFullList({ batch: 10, filter, sort: "-rank" });
    assert.deepEqual(
      all.map((tag) => tag.rank),
      Array.from({ length: 35 }, (_, index) => 35 - index),
    );

    const page = await tags.getList(4, 10, { filter, sort: "rank" });
    assert.equal(page.totalItems, 35);
    assert.equal(page.totalPages, 4);
    assert.deepEqual(page.items.map((tag) => tag.rank), [31, 32, 33, 34, 35]);
    assert.equal((await tags.getList(1, 1, { filter, skipTotal: true })).totalItems, -1);
    assert.deepEqual((await tags.getList(9, 10, { filter })).items, []);
  });

  test("the first match, or a 404", async () => {
    const pb = await signedIn();
    const tag = await pb.collection("tags").create({ name: "the first" });
    const found = await pb.collection("tags").getFirstListItem(pb.filter("name = {:n}", { n: "the first" }));
    assert.equal(found.id, tag.id);
    const error = await refused(pb.collection("tags").getFirstListItem("name = 'no such tag'"));
    assert.equal(error.status, 404);
  });

  test("relations expand forwards, as lists, and backwards", async () => {
    const pb = await signedIn("Cleo");
    const first = await pb.collection("tags").create({ name: "expanded one" });
    const second = await pb.collection("tags").create({ name: "expanded two" });
    const post = await pb.collection("posts").create({
      title: "Expanded",
      status: "published",
      tags: [second.id, first.id],
    });
    await pb.collection("comments").create({ post: post.id, text: "Nice" });

    const found = await pb.collection("posts").getOne(post.id, {
      expand: "author,tags,comments_via_post.post",
    });
    assert.equal(found.expand.author.name, "Cleo");
    assert.deepEqual(found.expand.tags.map((tag) => tag.name), ["expanded two", "expanded one"]);
    assert.equal(found.expand.comments_via_post[0].text, "Nice");
    assert.equal(found.expand.comments_via_post[0].expand.post.id, post.id);

    const hidden = await guest().collection("posts").getOne(post.id, { expand: "author,tags" });
    assert.ok(!("author" in hidden.expand), "guests may not see users");
    assert.equal(hidden.expand.tags.length, 2);

    const trimmed = await pb.collection("posts").update(post.id, { "tags-": first.id });
    assert.deepEqual(trimmed.tags, [second.id]);
  });

  test("only the fields that were asked for are answered", async () => {
    const pb = await signedIn();
    await pb.collection("posts").create({ title: "Picked", body: "<p>one two three</p>" });
    const { items } = await pb.collection("posts").getList(1, 1, {
      filter: pb.filter("title = 'Picked' && author = {:me}", { me: pb.authStore.record.id }),
      fields: "title,body:excerpt(7,true)",
    });
    assert.deepEqual(items, [{ title: "Picked", body: "one two..." }]);
  });
});

describe("the client's own habits", () => {
  test("a request that it cancels itself does no harm", async () => {
    const pb = await signedIn();
    const posts = pb.collection("posts");
    const first = refused(posts.getList(1, 5));
    const second = posts.getList(1, 5);
    assert.ok((await first).isAbort);
    assert.equal((await second).page, 1);

    const both = await Promise.all([
      posts.getList(1, 5, { requestKey: null }),
      posts.getList(1, 5, { requestKey: null }),
    ]);
    assert.equal(both.length, 2);
  });

  test("a superuser lists jobs and starts them", async () => {
    const pb = guest();
    assert.equal((await refused(pb.crons.getFullList())).status, 401);
    await pb.collection("_superusers").authWithPassword(superuser.email, superuser.password);
    const crons = await pb.crons.getFullList();
    assert.deepEqual(crons[0], { id: "nightly tidying", expression: "0 0 * * *" });
    assert.equal(crons[1].id, "__pbDBOptimize__");
    assert.equal(await pb.crons.run("nightly tidying"), true);
    assert.equal((await refused(pb.crons.run("nothing"))).status, 404);
    const path = `/api/crons/${encodeURIComponent("nightly tidying")}/runs`;
    for (;;) {
      const { items } = await pb.send(path, { requestKey: null });
      if (items[0].finished) {
        assert.deepEqual([items[0].cause, items[0].outcome], ["hand", "done"]);
        break;
      }
    }
  });

  test("the health check answers", async () => {
    const health = await guest().health.check();
    assert.equal(health.code, 200);
  });
});
