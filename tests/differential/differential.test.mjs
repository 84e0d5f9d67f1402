// The same requests to PocketBase and to Ferrobase have the same answers, but for what
// deliberate.mjs lists. setup.mjs says what can be chosen.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";

import { campaign } from "./campaign.mjs";
import { describe, tally } from "./report.mjs";
import { bothSides, databases, only, requests, seed, shrinkSeconds } from "./setup.mjs";
import { shrink } from "./shrink.mjs";

const mostShrunk = Number(process.env.CASES ?? 3);
const enough = Number(process.env.ENOUGH ?? 20);
let folder;

before(() => {
  folder = mkdtempSync(`${tmpdir()}/ferrobase-differential-`);
});
after(async () => {
  await databases.drop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  `answers agree (SEED=${seed} REQUESTS=${requests})`,
  { timeout: 3_600_000 },
  async (context) => {
    const sides = bothSides(folder);
    const result = await campaign(sides, { seed, requests, only, folder, enough });
    context.diagnostic(`${result.sent} requests to ${result.worlds} worlds`);
    for (const [reason, count] of result.excused)
      context.diagnostic(`${count} on purpose: ${reason}`);
    if (result.differences.length === 0) return;

    const groups = tally(result.differences);
    const cases = [];
    for (const [signature] of groups.slice(0, mostShrunk)) {
      const found = result.differences.find((one) => one.signature === signature);
      const small = await shrink(sides, found, {
        folder: `${folder}/shrink`,
        seconds: shrinkSeconds,
      });
      cases.push(describe({ ...small, seed: found.seed, number: found.number }));
    }
    const list = groups.map(([signature, count]) => `${count} × ${signature}`).join("\n");
    assert.fail(`${result.differences.length} answers differ\n${list}\n\n${cases.join("\n\n")}`);
  },
);
