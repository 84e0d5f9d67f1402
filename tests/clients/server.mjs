// Starts the built executable with a data folder of its own and says where it listens.

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = fileURLToPath(new URL(".", import.meta.url));
const binary = process.env.FERROBASE_BIN ?? join(here, "../../target/debug/ferrobase");

export const superuser = { email: "root@example.com", password: "correct horse battery" };

export async function serve(config = join(here, "config.toml"), more = []) {
  const folder = await mkdtemp(join(tmpdir(), "ferrobase-clients-"));
  const data = join(folder, "data");
  const run = promisify(execFile);
  await run(binary, ["superuser", "upsert", superuser.email, superuser.password, "--dir", data], {
    cwd: folder,
  });

  const child = spawn(
    binary,
    ["serve", "--config", config, "--dir", data, "--http", "127.0.0.1:0", ...more],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  let complaints = "";
  child.stderr.on("data", (text) => (complaints += text));
  const exited = new Promise((resolve) => child.on("exit", resolve));
  const firstLine = new Promise((resolve) => createInterface(child.stdout).once("line", resolve));
  const line = await Promise.race([firstLine, exited]);
  const address = /127\.0\.0\.1:\d+/.exec(line ?? "");
  if (!address) {
    child.kill("SIGKILL");
    throw new Error(`the server did not start (${line}): ${complaints}`);
  }

  return {
    url: `http://${address[0]}`,
    async stop() {
      child.kill("SIGTERM");
      const code = await exited;
      await rm(folder, { recursive: true, force: true });
      return code;
    },
  };
}
