// Batches: PocketBase and Ferrobase answer alike, and keep the same rows. A tenth of the requests that
// are asked for.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";

import { batches } from "./batches.mjs";
import { judged } from "./judged.mjs";
import { databases, requests, seed } from "./setup.mjs";

const share = Math.ceil(requests / 10);
let folder;

before(() => {
  folder = mkdtempSync(`${tmpdir()}/ferrobase-differential-`);
});
after(async () => {
  await databases.drop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  `batches are answered alike (SEED=${seed} REQUESTS=${share})`,
  { timeout: 3_600_000 },
  (context) => judged(context, { folder, name: "batch", requests: share, plot: batches }),
);
