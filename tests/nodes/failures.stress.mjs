// The whole version, for `make stress`: everything that can go away goes away under load, on a
// PostgreSQL server of one's own that keeps what it said. Ends by itself after some minutes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { Postgres } from "./postgres.mjs";
import { databaseSwitch, runHaproxy } from "./proxy.mjs";
import { Stage } from "./stage.mjs";
import { Subscriber } from "./subscriber.mjs";
import { until } from "./wait.mjs";

const size = { subscribers: 9, writers: 12, readers: 4, pause: 5 };
const few = Number(process.env.NODES_WRITES ?? 2000);
const servers = [];
let primary, replica, entrance, stage;

before(async () => {
  primary = await Postgres.make();
  servers.push(primary);
  replica = await Postgres.replicate(primary);
  servers.push(replica);
  entrance = await runHaproxy((port) => databaseSwitch(port, [primary, replica]));
  await primary.sql("CREATE DATABASE nodes");
  // It takes both for primaries until it has asked them.
  await until("the switch knows who is the primary", async () => {
    const replicas = await Promise.all([1, 2, 3, 4].map(() => asked("SELECT pg_is_in_recovery()")));
    return replicas.every((answer) => answer === "f");
  });
  stage = await Stage.open(`postgres://postgres@127.0.0.1:${entrance.port}/nodes`, size);
});

after(async () => {
  await stage?.close();
  await entrance?.stop();
  for (const server of servers) await server.remove();
});

/** What whoever is behind the switch answers. */
const asked = (sql) => primary.sql(sql, "nodes", entrance.port).catch(() => undefined);

test("nothing happens", async () => {
  const load = stage.begin();
  await load.answered(2 * few);
  const counts = await stage.finish("nothing happens");
  assert.equal(counts.errors, 0);
  assert.equal(counts.read, 0, "changes that were not told to who was connected all the time");
});

test("a node is killed and started again", async () => {
  const load = stage.begin();
  await load.answered(few);
  await stage.nodes[1].end("SIGKILL");
  await load.answered(few);
  await stage.nodes[1].start();
  await load.answered(few);
  await stage.finish("a node is killed (SIGKILL) and started again");
});

test("a node is stopped and started again", async () => {
  const load = stage.begin();
  await load.answered(few);
  assert.equal(await stage.nodes[2].end("SIGTERM"), 0);
  await load.answered(few);
  await stage.nodes[2].start();
  await load.answered(few);
  await stage.finish("a node is stopped (SIGTERM) and started again");
});

for (const mode of ["fast", "immediate"]) {
  test(`the database restarts: ${mode}`, async () => {
    const load = stage.begin();
    await load.answered(few);
    await primary.restart(mode);
    await load.answered(few);
    const counts = await stage.finish(`the database restarts (-m ${mode})`);
    assert.equal(counts.reconnected, 0, "a node keeps its clients while the database is away");
    assert.equal(counts.read, 0, "who stays connected is told of everything");
  });
}

test("the database fails over to its replica", async () => {
  const load = stage.begin();
  await load.answered(few);
  await until("the replica is synchronous", async () => {
    const state = await primary.sql("SELECT sync_state FROM pg_stat_replication");
    return state === "sync";
  });
  await primary.stop("immediate");
  await replica.promote();
  await load.answered(few);
  await stage.finish("the database fails over to its replica");
});

test("a node stands still for longer than events are kept, and its subscribers start anew", async () => {
  // So few writes that what is left of them fills no outbox: that would end connections, too.
  stage.size.pause = 400;
  const load = stage.begin();
  const [, , sleeper] = stage.nodes;
  // It listens at that node and nowhere else, and reads only when it has to connect again.
  const listener = new Subscriber("the one at the sleeper", sleeper.url, "127.0.0.1");
  stage.subscribers.push(listener);
  await stage.allListen();
  await load.answered(few / 20);
  sleeper.signal("SIGSTOP");
  await sleep(150_000);
  sleeper.signal("SIGCONT");
  await load.answered(few / 20);
  await stage.finish("a node stands still for 150 s (SIGSTOP)");
});
