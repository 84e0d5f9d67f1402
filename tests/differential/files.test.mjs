// Uploads, downloads, thumbs and protected files: PocketBase and Ferrobase answer alike. A quarter of
// the requests that are asked for.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, test } from "node:test";

import { files } from "./files.mjs";
import { judged } from "./judged.mjs";
import { databases, requests, seed } from "./setup.mjs";

const share = Math.ceil(requests / 4);
let folder;

before(() => {
  folder = mkdtempSync(`${tmpdir()}/ferrobase-differential-`);
});
after(async () => {
  await databases.drop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  `uploads and downloads are answered alike (SEED=${seed} REQUESTS=${share})`,
  { timeout: 3_600_000 },
  (context) => judged(context, { folder, name: "files", requests: share, plot: files }),
);
