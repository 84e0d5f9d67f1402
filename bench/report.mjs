// Results as text: a line for each as it comes, and at the end the tables of results/latest.md.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

import { ceilingTable, growthTable, pairTable, startTable, workloadTable } from "./tables.mjs";
import { micro, ms, percent, rate, ratioOf } from "./tables.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Prints one result as soon as it is there. */
export function print({ workload, pair, size, results }, { servers }) {
  const { id, title } = workload ?? pair;
  const figures = results.map((result, index) => {
    const kept = () => `keeps ${percent(result.kept)} of ${rate(result.alone)}/s`;
    const spent = () => `${micro(result.cpu)} µs, ${rate(result.rate)}/s`;
    return `${servers[index].name} ${pair ? kept() : spent()}, p99 ${ms(result.p99)} ms`;
  });
  const ratio = workload && results.length === 2 ? `; ratio ${ratioOf(results).toFixed(1)}` : "";
  console.log(`${id} ${title}${size ? ` at ${size}` : ""}: ${figures.join("; ")}${ratio}`);
}

/** Prints the tables, and writes them to `file` if there is one. */
export function write(report, file) {
  const all = [heading, workloadTable, pairTable, growthTable, startTable, ceilingTable];
  const parts = all.map((part) => part(report)).filter(Boolean);
  const text = `${parts.join("\n\n")}\n`;
  console.log(`\n${text}`);
  if (file) {
    writeFileSync(file, text);
  }
}

function heading({ servers, options, rounds, seconds, hashes }) {
  const date = new Date().toISOString().slice(0, 10);
  const [processor, ...others] = cpus();
  const load = readFileSync("/proc/loadavg", "utf8").split(" ")[1];
  const named = servers.map(({ name }, index) => `${name} \`${hashes[index]}\``);
  return `# The last run of \`make bench\`

${date}, commit ${commit()}; ${servers.map(({ version }) => version).join(" and ")}.
${others.length + 1} cores of ${processor.model.trim()}, Linux, loopback.
Load average over five minutes at the end, this run's own included: ${load}.

${options.messages} messages; \`wrk\` with one thread; ${rounds} rounds of ${seconds} s (W3b and W7 at least 4),
the servers in turns, medians. No request failed, the sampled answers were as expected.
Ferrobase with \`durability = "full"\`; PocketBase as it ships, which does not fsync a write.
CPU µs is user and system time of the server's process per request.
Passwords: ${named.join(", ")}.`;
}

function commit() {
  const describe = ["describe", "--always", "--dirty"];
  try {
    return execFileSync("git", describe, { cwd: here, encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

