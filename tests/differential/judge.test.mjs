// The judge itself: that it finds a planted difference and makes it small, and that a run of the
// same seed is the same run. Both sides are Ferrobase, so no other server is needed.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request as open } from "node:http";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";

import { batches } from "./batches.mjs";
import { campaign } from "./campaign.mjs";
import { files } from "./files.mjs";
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
/** For plots with a step after the other: enough to find something, little to make small. */
const short = { steps: 40, batches: 6 };
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

test("a server agrees with itself on files and on batches", async () => {
  for (const plot of [files, batches]) {
    const sides = [ferrobase(binary), ferrobase(binary)];
    const result = await campaign(sides, { ...options, requests: 120, plot, size: short, folder });
    assert.ok(result.sent >= 120);
    assert.deepEqual([result.differences, [...result.excused]], [[], []]);
  }
});

test("a planted difference in a download is found and made small", async () => {
  // The last byte of a range is another one.
  const damaging = behindProxy((_, body) => body, {
    damage: ({ headers }, bytes) => {
      if (headers["content-range"] && bytes.length > 0) bytes[bytes.length - 1] ^= 1;
    },
  });
  const sides = [ferrobase(binary), damaging];
  const found = await first(sides, files);
  const small = await shrink(sides, found, { folder: `${folder}/shrink`, seconds: 15 });
  assert.match(small.where.path, /^body/);
  assert.deepEqual(Object.keys(small.request.headers), ["Range"], describe(small));
});

test("a planted difference in a batch is found", async () => {
  const forgetful = behindProxy((path, body) =>
    path === "/api/batch" && Array.isArray(body) ? body.slice(1) : body,
  );
  const { request, where } = await first([ferrobase(binary), forgetful], batches);
  assert.ok(request.batch.length > 0);
  assert.match(where.path, /^body/);
});

async function first(sides, plot) {
  const run = { ...options, plot, size: short, requests: 2000, folder, enough: 1 };
  const { differences } = await campaign(sides, run);
  assert.notEqual(differences.length, 0);
  return differences[0];
}

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

/**
 * Ferrobase behind something that changes its JSON, or keeps an answer where it gives none, and
 * damages the bytes of other answers.
 */
function behindProxy(change, { damage = () => {} } = {}) {
  const side = ferrobase(binary, { name: "Ferrobase behind a proxy" });
  return {
    name: side.name,
    async open(world, dir) {
      const inner = await side.open(world, dir);
      const proxy = createServer((incoming, outgoing) =>
        pass(inner.client.url, incoming, outgoing, { change, damage }),
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

function pass(target, incoming, outgoing, { change, damage }) {
  const { method, url, headers } = incoming;
  const call = open(
    { hostname: target.hostname, port: target.port, method, path: url, headers },
    async (answer) => {
      const bytes = Buffer.concat(await answer.toArray());
      const { "content-length": _, ...rest } = answer.headers;
      if (rest["content-type"] !== "application/json" || bytes.length === 0) {
        damage(answer, bytes);
        outgoing.writeHead(answer.statusCode, answer.headers);
        return outgoing.end(bytes);
      }
      const changed = change(url, JSON.parse(bytes));
      if (changed === undefined) return outgoing.destroy();
      outgoing.writeHead(answer.statusCode, rest);
      outgoing.end(JSON.stringify(changed));
    },
  );
  call.on("error", () => outgoing.destroy());
  incoming.pipe(call);
}
