// A receiver that checks messages with the package `standardwebhooks`, which knows nothing of us.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import PocketBase from "pocketbase";
import { Webhook } from "standardwebhooks";

import { serve } from "./server.mjs";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const plainSecret = "correct horse battery staple";
const told = { "/encoded": inbox(), "/plain": inbox() };
let receiver;
let server;

/** Messages in the order in which they come, and who waits for one. */
function inbox() {
  const [messages, waiting] = [[], []];
  return {
    add: (message) => (waiting.length ? waiting.shift()(message) : messages.push(message)),
    next: () => (messages.length ? messages.shift() : new Promise((resolve) => waiting.push(resolve))),
    isEmpty: () => messages.length === 0,
  };
}

before(async () => {
  receiver = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    told[request.url].add({ body, headers: request.headers });
    response.writeHead(204).end();
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const variables = {
    HOOK: `http://127.0.0.1:${receiver.address().port}`,
    HOOK_SECRET: secret,
    HOOK_PLAIN_SECRET: plainSecret,
  };
  const config = fileURLToPath(new URL("webhooks.toml", import.meta.url));
  server = await serve(config, [], variables);
});

after(async () => {
  assert.equal(await server.stop(), 0);
  receiver.close();
});

test("messages are verified, and what was tampered with is not", async () => {
  const posts = new PocketBase(server.url).collection("posts");
  const webhook = new Webhook(secret);
  const made = await posts.create({ title: "Grüße, 世界 🎉", status: "published" });
  const { body, headers } = await told["/encoded"].next();
  const message = webhook.verify(body, headers);
  assert.deepEqual(message, { type: "posts.create", timestamp: message.timestamp, data: made });
  assert.ok(Math.abs(Date.parse(message.timestamp) - Date.parse(made.created)) < 60_000);

  assert.throws(() => webhook.verify(body.replace("Gr", "gr"), headers));
  assert.throws(() => webhook.verify(body, { ...headers, "webhook-id": "msg_other" }));
  assert.throws(() => new Webhook(plainSecret, { format: "raw" }).verify(body, headers));

  const changed = await posts.update(made.id, { title: "Two" });
  const update = await told["/encoded"].next();
  const { type, data, old } = webhook.verify(update.body, update.headers);
  assert.deepEqual({ type, data, old }, { type: "posts.update", data: changed, old: made });
  assert.notEqual(update.headers["webhook-id"], headers["webhook-id"]);
});

test("a secret may be any text, and each webhook has its own condition", async () => {
  const posts = new PocketBase(server.url).collection("posts");
  // The post of the other test came here too, for nothing is asked of it.
  await told["/plain"].next();
  const draft = await posts.create({ title: "Draft", status: "draft" });
  const { body, headers } = await told["/plain"].next();
  const message = new Webhook(plainSecret, { format: "raw" }).verify(body, headers);
  assert.deepEqual([message.type, message.data], ["posts.create", draft]);
  await posts.delete(draft.id);
  const published = await posts.create({ title: "Last", status: "published" });
  const last = await told["/encoded"].next();
  assert.equal(new Webhook(secret).verify(last.body, last.headers).data.id, published.id);
  assert.ok(told["/encoded"].isEmpty());
});
