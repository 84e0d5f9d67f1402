// The judge itself: that it finds a planted difference and makes it small, and that a run of the
// same seed is the same run. Both sides are Ferrobase, so no other server is needed.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request as open } from "node:http";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";

import { campaign } from "./campaign.mjs";
import { comparisons } from "./filters.mjs";
import { Random } from "./random.mjs";
import { makeRead } from "./reads.mjs";
import { describe } from "./report.mjs";
import { binary } from "./setup.mjs";
import { shrink } from "./shrink.mjs";
import { ferrobase, Session } from "./sides.mjs";
import { makeWorld } from "./world.mjs";

// On SQLite, whatever the other tests run on: it is the judge that is tried.
delete process.env.DATABASE_URL;
const options = { seed: "self", requests: 400, size: { reads: 120, writes: 30 }, jobs: 1 };
let folder;

before(() => {
  folder = mkdtempSync(`${tmpdir()}/ferrobase-differential-`);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test("a server agrees with itself", async () => {
  const result = await campaign([ferrobase(binary), ferrobase(binary)], { ...options, folder });
  assert.ok(result.sent >= options.requests);
  assert.deepEqual(
    result.differences.map(({ where }) => where),
    [],
  );
});

test("a planted difference is found and made small", async () => {
  // Whoever asks with `!~` misses the last record.
  const lossy = behindProxy((path, body) => {
    if (!path.includes("%21%7E") || !body.items?.length) return body;
    return { ...body, items: body.items.slice(0, -1) };
  });
  const sides = [ferrobase(binary), lossy];
  const { differences } = await campaign(sides, { ...options, folder, enough: 1 });
  assert.notEqual(differences.length, 0);
  const small = await shrink(sides, differences[0], { folder: `${folder}/shrink`, seconds: 120 });
  const { collections, writes } = small.world;
  assert.equal(comparisons(small.request.filter).length, 1, describe(small));
  assert.ok(collections.length <= 2, describe(small));
  assert.ok(
    collections.every(({ fields }) => fields.length <= 2),
    describe(small),
  );
  assert.ok(writes.length <= 3, describe(small));
  assert.equal(small.request.sort, undefined);
});

test("a difference that only a table shows is found", async () => {
  const forgetful = behindProxy((path, body) =>
    path.includes("perPage=1000") && body.items ? { ...body, items: body.items.slice(1) } : body,
  );
  const { differences } = await campaign([ferrobase(binary), forgetful], {
    ...options,
    size: { reads: 0, writes: 5 },
    folder,
    enough: 1,
  });
  assert.match(differences[0]?.where.path ?? "", /items/);
});

test("a world that the reference does not answer is left, ours has to answer", async () => {
  const mute = behindProxy((path, body) => (path.includes("filter=") ? undefined : body));
  const short = { ...options, requests: 1, folder };
  const { differences, excused } = await campaign([mute, ferrobase(binary)], short);
  assert.deepEqual(differences, []);
  assert.match([...excused.keys()].join(), /its world is left/);
  await assert.rejects(campaign([ferrobase(binary), mute], short), /behind a proxy/);
});

test("a seed gives the same choices again", () => {
  const choices = () => {
    const random = new Random("a seed");
    const world = makeWorld(random);
    return JSON.stringify([world, makeRead(random, world)]);
  };
  assert.equal(choices(), choices());
  assert.notEqual(
    JSON.stringify(makeWorld(new Random("another"))),
    JSON.stringify(makeWorld(new Random("a seed"))),
  );
});

/** Ferrobase behind something that changes its answers, or keeps them where it gives none. */
function behindProxy(change) {
  const side = ferrobase(binary, { name: "Ferrobase behind a proxy" });
  return {
    name: side.name,
    async open(world, dir) {
      const inner = await side.open(world, dir);
      const proxy = createServer((incoming, outgoing) =>
        pass(inner.client.url, incoming, outgoing, change),
      );
      await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      const session = new Session(
        inner.server,
        inner.tokens.root,
        `http://127.0.0.1:${proxy.address().port}`,
      );
      const close = session.close.bind(session);
      session.close = async () => {
        await close();
        proxy.closeAllConnections();
        proxy.close();
      };
      return session;
    },
  };
}

function pass(target, incoming, outgoing, change) {
  const { method, url, headers } = incoming;
  const call = open(
    { hostname: target.hostname, port: target.port, method, path: url, headers },
    async (answer) => {
      const text = Buffer.concat(await answer.toArray()).toString();
      const isJson = answer.headers["content-type"] === "application/json" && text !== "";
      const changed = isJson ? change(url, JSON.parse(text)) : text;
      if (changed === undefined) return outgoing.destroy();
      outgoing.writeHead(answer.statusCode);
      outgoing.end(isJson ? JSON.stringify(changed) : text);
    },
  );
  call.on("error", () => outgoing.destroy());
  incoming.pipe(call);
}
