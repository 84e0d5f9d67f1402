// What several nodes have in common: sessions, throttles, collections, the queue.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { superuser } from "../clients/server.mjs";
import { Databases } from "../differential/databases.mjs";
import { Client } from "./http.mjs";
import { startNodes } from "./nodes.mjs";
import { listen } from "./sse.mjs";
import { report } from "./stage.mjs";
import { recordsOf } from "./verdict.mjs";
import { until } from "./wait.mjs";

const databases = new Databases(process.env.TEST_POSTGRES_URL);
const password = "a good password";
let mails, cluster, clients, root;

before(async () => {
  mails = await mailServer();
  cluster = await startNodes(3, await databases.next(), { SMTP_URL: mails.url });
  clients = cluster.nodes.map((node) => new Client(node.url));
  await cluster.nodes[0].superuser(superuser);
  const body = { identity: superuser.email, password: superuser.password };
  root = await clients[0].need("POST", "/api/collections/_superusers/auth-with-password", body);
});

after(async () => {
  clients?.forEach((client) => client.close());
  await cluster?.stop();
  mails?.stop();
  await databases.drop();
});

async function signUp(name) {
  const email = `${name}@example.com`;
  const body = { email, password, passwordConfirm: password };
  await clients[0].need("POST", "/api/collections/users/records", body);
  return email;
}

const signIn = (client, identity, secret = password) =>
  client.ask("POST", "/api/collections/users/auth-with-password", { identity, password: secret });

test("a session that ends at one node has ended at the others", async () => {
  const email = await signUp("ann");
  const { body } = await signIn(clients[0], email);
  const path = `/api/collections/users/records/${body.record.id}`;
  const see = (client) => client.ask("GET", path, undefined, { token: body.token });
  // Each knows the session by now and would answer from memory.
  for (const client of clients) assert.equal((await see(client)).status, 200);
  const ended = await clients[1].ask("POST", "/api/sign-out", {}, { token: body.token });
  assert.equal(ended.status, 204);
  const since = performance.now();
  assert.equal((await see(clients[1])).status, 404);
  const times = await Promise.all(
    [clients[0], clients[2]].map(async (client) => {
      await until("the session has ended", async () => (await see(client)).status === 404, {
        within: 5_000,
        every: 1,
      });
      return performance.now() - since;
    }),
  );
  report("a session ends at one node", { milliseconds: Math.max(...times).toFixed(1) });
});

test("failed sign-ins are counted together", async () => {
  const email = await signUp("bob");
  for (let attempt = 0; attempt < 10; attempt += 1) {
    assert.equal((await signIn(clients[attempt % 3], email, "wrong password")).status, 400);
  }
  for (const client of clients) assert.equal((await signIn(client, email)).status, 429);
});

test("a field that one node adds is stored by the next write of another", async () => {
  const token = root.token;
  const times = [];
  for (let round = 0; round < 10; round += 1) {
    const [one, two, three] = [0, 1, 2].map((n) => clients[(round + n) % 3]);
    const items = await one.need("GET", "/api/collections/items", undefined, { token });
    const name = `more${round}`;
    const fields = [...items.fields, { name, type: "text" }];
    await one.need("PATCH", "/api/collections/items", { fields }, { token });
    const since = performance.now();
    const made = await two.need("POST", "/api/collections/items/records", { [name]: "kept" });
    assert.equal(made[name], "kept", "the answer of the node that wrote");
    const path = `/api/collections/items/records/${made.id}`;
    assert.equal((await one.need("GET", path))[name], "kept", "what is stored");
    await until(
      "the third node shows the field",
      async () => (await three.need("GET", path))[name] === "kept",
      { within: 5_000, every: 1 },
    );
    times.push(performance.now() - since);
    const without = { fields: items.fields };
    await two.need("PATCH", "/api/collections/items", without, { token });
    const later = await three.need("POST", "/api/collections/items/records", { [name]: "gone" });
    assert.equal(later[name], undefined, "a field that is gone is not answered");
  }
  report("a field is added at one node", { slowest: `${Math.max(...times).toFixed(1)} ms` });
});

test("a client subscribes at the node that it is connected to, and another one knows nothing of it", async () => {
  const [one, other] = cluster.nodes;
  const stream = await listen(one.url, {});
  const { clientId } = (await stream.next()).data;
  const body = { clientId, subscriptions: ["items/*"] };
  assert.equal((await clients[1].ask("POST", "/api/realtime", body)).status, 404);
  assert.equal((await clients[0].ask("POST", "/api/realtime", body)).status, 204);
  stream.close();
  // What was promised to the client ends with its node: elsewhere it begins anew and is told to.
  const next = await listen(other.url, { last: clientId });
  const { data } = await next.next();
  assert.notEqual(data.clientId, clientId);
  await clients[0].need("POST", "/api/collections/items/records", { id: "whileitwasaway1", value: 1 });
  const again = { clientId: data.clientId, subscriptions: ["items/*"] };
  await clients[1].need("POST", "/api/realtime", again);
  const values = await recordsOf(other.url);
  assert.equal(values.get("whileitwasaway1"), 1, "who reads after subscribing has missed nothing");
  await clients[2].need("POST", "/api/collections/items/records", { id: "whenitwasback01", value: 1 });
  let message;
  do message = await next.next();
  while (message.data.record.id !== "whenitwasback01");
  next.close();
});

test("each mail of the queue is delivered once", async () => {
  const count = Number(process.env.NODES_MAILS ?? 60);
  const emails = [];
  for (let n = 0; n < count; n += 1) emails.push(await signUp(`reader${n}`));
  const ask = (email, n) =>
    clients[n % 3].need("POST", "/api/collections/users/request-password-reset", { email });
  const asks = emails.map((email, n) => () => ask(email, n));
  while (asks.length > 0) await Promise.all(asks.splice(0, 6).map((one) => one()));
  await until("every mail has come", () => new Set(mails.sent).size >= count, { within: 60_000 });
  const waiting = async () => {
    const jobs = await clients[0].need("GET", "/api/jobs", undefined, { token: root.token });
    return jobs.items.length === 0;
  };
  await until("the queue is empty", waiting);
  assert.deepEqual([...mails.sent].sort(), [...emails].sort());
});

/** tests/smtp's server, and whom it took mails for. */
async function mailServer() {
  const path = fileURLToPath(new URL("../smtp/server.mjs", import.meta.url));
  const child = spawn(process.execPath, [path, "{}"], { stdio: ["pipe", "pipe", "inherit"] });
  const sent = [];
  const port = await new Promise((resolve) =>
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line);
      if (said.event === "listening") resolve(said.port);
      if (said.event === "accepted") sent.push(...said.to);
    }),
  );
  return { url: `smtp://127.0.0.1:${port}`, sent, stop: () => child.stdin.end() };
}
