// A run as a test: fails with the differences that it finds, the first of each kind made small.

import assert from "node:assert/strict";

import { campaign } from "./campaign.mjs";
import { describe, tally } from "./report.mjs";
import { bothSides, only, seed, shrinkSeconds } from "./setup.mjs";
import { shrink } from "./shrink.mjs";

const mostShrunk = Number(process.env.CASES ?? 3);
const enough = Number(process.env.ENOUGH ?? 20);

/** Runs `plot` with at least so many requests; `name` is that of the suite, to say how to run it. */
export async function judged(context, { folder, name, requests, plot }) {
  const sides = bothSides(folder);
  const result = await campaign(sides, { seed, requests, only, folder, enough, plot });
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
    cases.push(describe({ ...small, seed: found.seed, number: found.number, name }));
  }
  const list = groups.map(([signature, count]) => `${count} × ${signature}`).join("\n");
  assert.fail(`${result.differences.length} answers differ\n${list}\n\n${cases.join("\n\n")}`);
}
