// Results as text: a line for each as it comes, and at the end the tables of results/latest.md.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

import { deliveryTable, heldTable, rateTable } from "./fanout_tables.mjs";
import { besideTable, ceilingTable, growthTable, pairTable } from "./tables.mjs";
import { startTable, workloadTable } from "./tables.mjs";
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

/** Prints one result of W8 as soon as it is there. */
export function printDelivery({ kind, results }, servers) {
  const figures = results.map(({ cpu, p50, p99 }, index) => {
    return `${servers[index].name} p50 ${ms(p50)} ms, p99 ${ms(p99)} ms, ${micro(cpu)} µs a write`;
  });
  console.log(`W8 ${kind.title}: ${figures.join("; ")}`);
}

/** Prints one result on PostgreSQL as soon as it is there. */
export function printBeside({ size, workload: { id, title }, results: [bare, ours] }) {
  const figures = [["Ferrobase", ours], ["bare", bare]].map(([name, result]) => {
    const { cpu, database, together } = result;
    const spent = `${micro(cpu)} + ${micro(database)} = ${micro(together)} µs`;
    return `${name} ${spent}, ${rate(result.rate)}/s, p99 ${ms(result.p99)} ms`;
  });
  const ratio = (ours.together / bare.together).toFixed(2);
  const rates = (bare.rate / ours.rate).toFixed(2);
  console.log(`${id} ${title} at ${size}: ${figures.join("; ")}; ratio ${ratio}, of rates ${rates}`);
}

/** Prints the tables, and writes them to `file` if there is one. */
export function write(report, file) {
  const fanout = [deliveryTable, heldTable, rateTable];
  const all = [heading, workloadTable, pairTable, ...fanout, growthTable, startTable, ceilingTable];
  writeParts(all.map((part) => part(report)), file);
}

/** The same for a run on PostgreSQL. */
export function writeBeside(report, file) {
  const tables = report.sizes.map((size) => besideTable(report, size));
  writeParts([besideHeading(report), ...tables], file);
}

function writeParts(parts, file) {
  const text = `${parts.filter(Boolean).join("\n\n")}\n`;
  console.log(`\n${text}`);
  if (file) {
    writeFileSync(file, text);
  }
}

function heading({ servers, options, rounds, seconds, hashes }) {
  const named = servers.map(({ name }, index) => `${name} \`${hashes[index]}\``);
  return `# The last run of \`make bench\`

${circumstances(servers.map(({ version }) => version))}

${options.messages} messages; \`wrk\` with one thread; ${rounds} rounds of ${seconds} s (W3b, W7 and WB at least 4),
the servers in turns, medians. No request failed, the sampled answers were as expected.
Ferrobase with \`durability = "full"\`; PocketBase as it ships, which does not fsync a write.
CPU µs is user and system time of the server's process per request.
Passwords: ${named.join(", ")}.`;
}

function besideHeading({ server, cluster, bare, connections, rounds, seconds }) {
  const callers =
    bare.shape === "pool"
      ? "a task for each caller of `wrk`, on sqlx's pool"
      : "a thread for each connection, without callers";
  return `# The last run of \`make bench\` on PostgreSQL

${circumstances([server.version, cluster.version])}

${cluster.settings.map((setting) => `\`${setting}\``).join(", ")}, otherwise as it ships, on the same machine.
${connections} connections for Ferrobase and for the bare program: ${callers}.
\`wrk\` with one thread; ${rounds} rounds of ${seconds} s (W3b at least 4), the two in turns on the same
rows, medians. No request failed, the answers were those of Ferrobase on SQLite.

CPU µs is user and system time per request: of the process, and of all processes of PostgreSQL.
The bare program (\`bench/bare.rs\`) sends the same statements and reads the same rows; it has no HTTP,
no JSON and no rules. *answer µs* is what actix-web takes to answer the same bytes; *ratio with it* is
Ferrobase's total by the bare program's total plus that.`;
}

function circumstances(versions) {
  const date = new Date().toISOString().slice(0, 10);
  const [processor, ...others] = cpus();
  const load = readFileSync("/proc/loadavg", "utf8").split(" ")[1];
  return `${date}, commit ${commit()}; ${versions.join(" and ")}.
${others.length + 1} cores of ${processor.model.trim()}, Linux, loopback.
Load average over five minutes at the end, this run's own included: ${load}.`;
}

function commit() {
  const describe = ["describe", "--always", "--dirty"];
  try {
    return execFileSync("git", describe, { cwd: here, encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}

