// Both servers, without a config file, take the same changes of collections in the same way.
//
//   STORIES, STEPS  how many, and how long each is at most

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";

import { binary, databases, seed } from "./setup.mjs";
import { pocketbaseBinary } from "./sides.mjs";
import { ferrobase, pocketbase, tell } from "./stories.mjs";

const stories = Number(process.env.STORIES ?? 12);
const steps = Number(process.env.STEPS ?? 80);
let folder;

before(() => {
  folder = mkdtempSync(`${tmpdir()}/ferrobase-collections-`);
});
after(async () => {
  await databases.drop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  `changes of collections are taken alike (SEED=${seed} STORIES=${stories})`,
  { timeout: 3_600_000 },
  async (context) => {
    const sides = [pocketbase(pocketbaseBinary()), ferrobase(binary, () => databases.next())];
    const found = [];
    let sent = 0;
    const excused = new Map();
    for (let number = 0; number < stories; number++) {
      const told = await tell(sides, {
        seed: `${seed}/${number}`,
        steps,
        folder: `${folder}/${number}`,
      });
      sent += told.sent;
      for (const [reason, count] of told.excused)
        excused.set(reason, (excused.get(reason) ?? 0) + count);
      if (told.difference)
        found.push(`story ${number}, step ${told.sent}: ${JSON.stringify(told.difference)}`);
    }
    context.diagnostic(`${sent} requests in ${stories} stories`);
    for (const [reason, count] of excused) context.diagnostic(`${count} on purpose: ${reason}`);
    assert.deepEqual(found, [], `${found.length} stories part`);
  },
);
