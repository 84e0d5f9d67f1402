// What deploy/ gives to haproxy is a configuration, as it stands and with the nodes of the tests.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";

const file = fileURLToPath(new URL("../../deploy/haproxy.cfg", import.meta.url));

const check = (path) => spawnSync("haproxy", ["-c", "-f", path], { encoding: "utf8" });

test("haproxy takes deploy/haproxy.cfg", () => {
  const { status, stdout, stderr } = check(file);
  assert.equal(status, 0, stdout + stderr);
});

test("haproxy would not take anything", () => {
  const folder = mkdtempSync(join(tmpdir(), "ferrobase-haproxy-"));
  const wrong = join(folder, "haproxy.cfg");
  writeFileSync(wrong, readFileSync(file, "utf8").replace("track nodes/a", "track nodes/z"));
  assert.notEqual(check(wrong).status, 0);
  rmSync(folder, { recursive: true });
});

test("what must reach one node is what scale-out.md says", () => {
  const doc = readFileSync(new URL("../../docs/scale-out.md", import.meta.url), "utf8");
  const sample = /```haproxy\n([^]*?)```/.exec(doc)[1];
  const lines = (text) => new Set(text.split("\n").map((line) => line.replace(/#.*/, "").trim()));
  const shipped = lines(readFileSync(file, "utf8"));
  const own = /^(bind|server|default-server) |^$/;
  for (const line of lines(sample)) {
    assert.ok(own.test(line) || shipped.has(line), `deploy/haproxy.cfg lacks: ${line}`);
  }
});
