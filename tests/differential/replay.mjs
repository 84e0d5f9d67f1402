#!/usr/bin/env node
// Sends one printed case again: tests/differential/replay.mjs 'JSON'

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

import { describe } from "./report.mjs";
import { Bench } from "./shrink.mjs";
import { bothSides, databases } from "./setup.mjs";

const folder = mkdtempSync(`${tmpdir()}/ferrobase-differential-`);
const bench = new Bench(bothSides(folder), `${folder}/case`);
const trial = JSON.parse(process.argv[2]);
const found = await bench.differs(trial);
console.log(found ? describe(found) : "the answers agree, or their difference is explained");
await bench.close();
await databases.drop();
rmSync(folder, { recursive: true, force: true });
process.exit(found ? 1 : 0);
