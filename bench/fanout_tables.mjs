// The tables of W8.

import { megabytes, micro, ms, no, percent, rate, ratioOf, table, titled, yes } from "./tables.mjs";

export function deliveryTable({ fanout, servers }) {
  if (!fanout) {
    return "";
  }
  const figures = ["p50 ms", "p99 ms", "CPU µs a write"];
  const heads = servers.flatMap(({ name }) => figures.map((figure) => `${name} ${figure}`));
  const rows = fanout.deliveries.map(({ kind, results }) => [
    kind.title,
    ...results.flatMap(({ p50, p99, cpu }) => [ms(p50), ms(p99), micro(cpu)]),
    results.length === 2 ? ratioOf(results).toFixed(1) : "",
    `≤ ${kind.target}`,
    results.at(-1).p50 <= kind.target ? yes : no,
  ]);
  return titled(
    `W8: from the moment a write is sent until the last connection was told, one write after the other.
Every connection was told of every write once. *ratio* is of CPU; the target is for p50.`,
    table(["who listens", ...heads, "ratio", "target ms", "met"], rows),
  );
}

export function heldTable({ fanout, servers }) {
  if (!fanout) {
    return "";
  }
  const { counts, results } = fanout.memory;
  const rows = results.map((memory, index) => {
    const each = (memory.at(-1) - memory[0]) / counts.at(-1);
    return [servers[index].name, ...memory.map(megabytes), (each / 1e3).toFixed(1)];
  });
  const heads = ["no connections", ...counts.map((count) => count.toLocaleString("en"))];
  return titled(
    "W8: resident MB with open connections, each with a subscription, and kB for each of them.",
    table(["", ...heads, "kB each"], rows),
  );
}

export function rateTable({ fanout, servers }) {
  if (!fanout) {
    return "";
  }
  const { results } = fanout.rates;
  const rows = results.map((result, index) => [
    servers[index].name,
    rate(result.writes),
    rate(result.messages),
    result.cpu.toFixed(2),
    percent(result.reading),
    ...[result.start, result.middle, result.end].map(megabytes),
  ]);
  const memory = ["start", "middle", "end"].map((when) => `MB at ${when}`);
  const heads = ["writes/s", "messages/s", "CPU µs a message", "reader, of a core", ...memory];
  return titled(
    `W8: ${fanout.rates.rate} writes a second tried for ${fanout.rates.seconds} s, each told to 1,000 guests; at most 64 that not all were told of.`,
    table(["", ...heads], rows),
  );
}
