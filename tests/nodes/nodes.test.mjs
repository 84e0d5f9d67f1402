// Three nodes on one database behind a proxy: the small version, for every run of the tests. It needs a
// PostgreSQL server in TEST_POSTGRES_URL (scripts/postgres.sh) and haproxy.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Databases } from "../differential/databases.mjs";
import { Stage } from "./stage.mjs";

const databases = new Databases(process.env.TEST_POSTGRES_URL);
let stage;

before(async () => {
  assert.ok(process.env.TEST_POSTGRES_URL, "scripts/postgres.sh starts a server");
  stage = await Stage.open(await databases.next());
});

after(async () => {
  await stage?.close();
  await databases.drop();
});

test("a node is killed under load and comes back, and nothing that was answered is lost", async () => {
  const load = stage.begin();
  const [, victim] = stage.nodes;
  await load.answered(300);
  await victim.end("SIGKILL");
  await load.answered(500);
  await victim.start();
  await load.answered(300);
  const counts = await stage.finish("one of three nodes is killed and started again");
  assert.ok(counts.reconnected > 0, "subscribers had to find another node");
});
