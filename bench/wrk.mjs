// Runs wrk: a closed loop that sends the next request when the last one is answered.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("wrk.lua", import.meta.url));

/** Writes requests to a file that wrk.lua reads, and bodies that are bytes to files beside it. */
export function writeRequests(file, requests) {
  const lines = requests.map(({ method, path, type = "application/json", body }, number) => {
    if (!Buffer.isBuffer(body)) {
      return `${method}\t${path}\t${type}\t${body}\n`;
    }
    writeFileSync(`${file}.${number}`, body);
    return `${method}\t${path}\t${type}\t@${file}.${number}\n`;
  });
  writeFileSync(file, lines.join(""));
}

/**
 * Loads a server for whole `seconds`; fails when a request was refused or a connection broke.
 * One thread, so that on a small machine the server has the rest of it; wrk makes some 100,000
 * requests a second on it.
 */
export async function wrk(url, { file, token = "", connections, seconds }) {
  const options = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "20s", "--latency"];
  const output = await run("wrk", [...options, "-s", script, url, "--", file, token]);
  const result = JSON.parse(output.trim().split("\n").at(-1));
  if (result.refused > 0 || result.broken > 0 || result.requests === 0) {
    throw new Error(`${url}: wrk had errors with ${file}:\n${output}`);
  }
  // Of the requests under way when the clock stopped, half of the work is done on average.
  return { ...result, begun: result.requests + connections / 2 };
}

function run(command, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, options, { stdio: ["ignore", "pipe", "inherit"] });
    const kill = () => child.kill("SIGKILL");
    process.once("exit", kill);
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      process.off("exit", kill);
      code === 0 ? resolve(output) : reject(new Error(`${command} ended with ${code}:\n${output}`));
    });
  });
}
