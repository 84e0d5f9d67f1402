// What a node cannot know by itself, and what becomes of it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import { Databases } from "../differential/databases.mjs";
import { Client } from "./http.mjs";
import { startNodes } from "./nodes.mjs";
import { Subscriber } from "./subscriber.mjs";
import { until } from "./wait.mjs";

const databases = new Databases(process.env.TEST_POSTGRES_URL);
const path = "/api/collections/items/records";
let wire, cluster, clients;

before(async () => {
  const database = new URL(await databases.next());
  wire = await leakyWire(Number(database.port));
  database.port = wire.port;
  // Without TLS, so that a COMMIT can be seen on the wire.
  database.searchParams.set("sslmode", "disable");
  cluster = await startNodes(2, database.href);
  clients = cluster.nodes.map((node) => new Client(node.url));
});

after(async () => {
  clients?.forEach((client) => client.close());
  await cluster?.stop();
  wire?.stop();
  await databases.drop();
});

/**
 * A write through the first node that is committed, and the node never hears of it. `mark` is in the
 * events of the transaction, which travel with its COMMIT.
 */
async function writeUnheard(mark, method, to, body, options) {
  wire.loseCommitOf(mark);
  const answer = await clients[0].ask(method, to, body, options);
  assert.equal(answer.status, 503, "nobody knows whether it took place");
}

test("a commit whose answer is lost is told to the subscribers of every node", async () => {
  const reads = false;
  const subscribers = cluster.nodes.map(({ name, url }) => new Subscriber(name, url, undefined, { reads }));
  try {
    await until("they listen", () => subscribers.every(({ isReady }) => isReady));
    await writeUnheard("unheardxxxxxxxx", "POST", path, { id: "unheardxxxxxxxx", value: 1 });
    assert.equal((await clients[0].need("GET", `${path}/unheardxxxxxxxx`)).value, 1, "it took place");
    // What comes later was told later.
    for (const [n, client] of clients.entries()) {
      await client.need("POST", path, { id: `later${n}`.padEnd(15, "x"), value: 1 });
    }
    for (const subscriber of subscribers) {
      const knows = (n) => subscriber.knows(`later${n}`.padEnd(15, "x"), 1);
      await until(`${subscriber.name} hears what came later`, () => knows(0) && knows(1));
    }
    assert.deepEqual(subscribers.map((subscriber) => subscriber.knows("unheardxxxxxxxx", 1)), [true, true]);
  } finally {
    for (const subscriber of subscribers) await subscriber.stop();
  }
});

test("a session that was ended by a commit whose answer is lost has ended at every node", async () => {
  const password = "a good password";
  const body = { email: "ann@example.com", password, passwordConfirm: password };
  await clients[0].need("POST", "/api/collections/users/records", body);
  const identity = { identity: body.email, password };
  const signIn = "/api/collections/users/auth-with-password";
  const { token, record } = await clients[0].need("POST", signIn, identity);
  const see = (client) =>
    client.ask("GET", `/api/collections/users/records/${record.id}`, undefined, { token });
  for (const client of clients) assert.equal((await see(client)).status, 200);
  await writeUnheard(record.id, "POST", "/api/sign-out", {}, { token });
  await until("the other node knows", async () => (await see(clients[1])).status === 404);
  // Whoever looks at its table now and then, does so once a second.
  await until("its own node knows", async () => (await see(clients[0])).status === 404, { within: 3_000 });
});

test("an event is told although its number is committed after greater ones", async () => {
  // A third process, which writes events as a node does. The later transaction takes the number first
  // and commits last: its own number, of which nothing is to be seen yet, is above the greatest one that
  // has ended.
  const [one, other] = [await session(), await session()];
  const subscriber = new Subscriber("a", cluster.nodes[0].url);
  try {
    await until("it listens", () => subscriber.isReady);
    const [collection] = await one.say(`SELECT id FROM _collections WHERE name = 'items'`);
    const event = (id) => {
      const made = JSON.stringify([{ collection, new: { id: id.padEnd(15, "x"), value: 1 } }]);
      return `INSERT INTO _events (node, events) VALUES ('third', '${made}')`;
    };
    await one.say("BEGIN; SELECT pg_current_xact_id()");
    await other.say("BEGIN; SELECT pg_current_xact_id()");
    await other.say(event("late"));
    await one.say(`${event("early")}; COMMIT`);
    await until("it hears of the first commit", () => subscriber.knows("early".padEnd(15, "x"), 1));
    await other.say("COMMIT");
    await clients[1].need("POST", path, { id: "afterwardsxxxxx", value: 1 });
    await until("it hears of a later commit", () => subscriber.knows("afterwardsxxxxx", 1));
    // The table is looked at once a second.
    await until("it hears of the second commit", () => subscriber.knows("late".padEnd(15, "x"), 1), {
      within: 3_000,
    });
  } finally {
    await subscriber.stop();
    await Promise.all([one.end(), other.end()]);
  }
});

/** A session of psql: `say` answers the lines that came back. */
async function session() {
  const options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", cluster.nodes[0].database];
  const child = spawn("psql", options, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async say(sql) {
      child.stdin.write(`${sql};\n\\echo said\n`);
      const answered = [];
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`psql ended at ${sql}`);
        if (value === "said") return answered;
        answered.push(value);
      }
    },
    async end() {
      child.stdin.end();
      await new Promise((resolve) => (child.exitCode === null ? child.on("exit", resolve) : resolve()));
    },
  };
}

/** A way to the database that can lose what is answered to a COMMIT, and the connection with it. */
async function leakyWire(to) {
  let mark;
  const sockets = new Set();
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    let isCut = false;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => [near, far].forEach((one) => one.destroy()));
    }
    near.on("data", (bytes) => {
      if (mark && bytes.includes(mark) && bytes.includes("COMMIT")) [mark, isCut] = [undefined, true];
      far.write(bytes);
    });
    far.on("data", (bytes) => (isCut ? near.destroy() : near.write(bytes)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    loseCommitOf: (text) => (mark = text),
    stop() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    },
  };
}
