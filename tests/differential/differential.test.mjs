// The same requests to PocketBase and to Ferrobase have the same answers, but for what
// deliberate.mjs lists. setup.mjs says what can be chosen.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";

import { records } from "./campaign.mjs";
import { judged } from "./judged.mjs";
import { databases, requests, seed } from "./setup.mjs";

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
  (context) => judged(context, { folder, name: "differential", requests, plot: records }),
);
