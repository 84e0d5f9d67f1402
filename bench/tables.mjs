// The tables of a report, as Markdown, and how numbers are written. No results, no table.

export const yes = "yes";
export const no = "**no**";

export function workloadTable(report) {
  const { results, servers } = report;
  if (results.length === 0) {
    return "";
  }
  const heads = (figure) => servers.map(({ name }) => `${name} ${figure}`);
  const rows = results.flatMap(partsOf).map(({ workload, results }) => {
    const ratio = results.length === 2 ? ratioOf(results) : undefined;
    const { target } = workload;
    const met = target && ratio ? (ratio >= target ? yes : no) : "";
    return [
      workload.id,
      workload.title,
      ...results.map(({ cpu }) => micro(cpu)),
      ratio?.toFixed(1) ?? "",
      target ? `≥ ${target}` : "–",
      met,
      ...results.map((result) => rate(result.rate)),
      ...results.map(({ p99 }) => (p99 === undefined ? "" : ms(p99))),
      ceilingOf(report, workload),
    ];
  });
  const verdict = ["ratio", "target", "met"];
  const all = [...heads("CPU µs"), ...verdict, ...heads("req/s"), ...heads("p99 ms"), "ceiling µs"];
  return table(["", "workload", ...all], rows);
}

/** A result, and after that of a batch the figures of one create in it. */
function partsOf(result) {
  const { workload: { creates }, results } = result;
  if (!creates) {
    return [result];
  }
  const each = results.map(({ cpu, rate }) => ({ cpu: cpu / creates, rate: rate * creates }));
  return [result, { workload: { id: "", title: "one create of the batch" }, results: each }];
}

/** Statements, where there are some, plus answer. */
function ceilingOf({ statements, answers }, { id, answer }) {
  if (!answers || !answer) {
    return "";
  }
  return micro((statements.get(id)?.cpu ?? 0) + answers[answer].cpu);
}

export function pairTable({ pairs, servers }) {
  if (pairs.length === 0) {
    return "";
  }
  const heads = servers.flatMap(({ name }) => [`${name} alone/s`, "beside/s", "keeps", "p99 ms"]);
  const rows = pairs.map(({ pair, results }) => {
    const last = results.at(-1);
    const met = last.kept >= pair.keeps && last.p99 < (pair.p99 ?? Infinity);
    const target = `≥ ${percent(pair.keeps)}${pair.p99 ? `, p99 < ${pair.p99} ms` : ""}`;
    const figures = results.flatMap((result) => {
      return [rate(result.alone), rate(result.beside), percent(result.kept), ms(result.p99)];
    });
    return [pair.id, pair.title, ...figures, target, met ? yes : no];
  });
  return titled(
    "Four connections beside four others: the rate a load keeps, and its p99 beside the other.",
    table(["", "load", ...heads, "target", "met"], rows),
  );
}

export function growthTable({ growth, servers }) {
  if (growth.length === 0) {
    return "";
  }
  const sizes = [...new Set(growth.map(({ size }) => size))];
  const ids = [...new Set(growth.map(({ workload }) => workload.id))];
  const heads = servers.flatMap(({ name }) => {
    return sizes.map((size) => `${name} at ${size.toLocaleString("en")}`);
  });
  const rows = ids.map((id) => {
    const measured = sizes.map((size) => {
      return growth.find((one) => one.size === size && one.workload.id === id);
    });
    const figures = servers.flatMap((_, index) => measured.map(({ results }) => results[index]));
    return [id, ...figures.map(({ cpu }) => micro(cpu))];
  });
  return titled(
    "W11: CPU µs by the number of messages; W1, W2 and W3n are to stay flat.",
    table(["", ...heads], rows),
  );
}

export function startTable({ starts, servers }) {
  if (!starts) {
    return "";
  }
  const rows = starts.map(({ started, memory, binary }, index) => {
    return [servers[index].name, started.toFixed(0), megabytes(memory), megabytes(binary)];
  });
  rows.push(["target", "≤ 50", "≤ 25", "≤ 40"]);
  return titled(
    "W10: from the start to the first 200 on existing data, and what an idle server holds.",
    table(["", "start ms", "resident MB", "binary MB"], rows),
  );
}

export function ceilingTable({ statements, answers }) {
  if (!statements || !answers) {
    return "";
  }
  const ceilings = [
    ...[...statements].map(([id, result]) => [`statements of ${id}`, result]),
    ...Object.entries(answers).map(([kind, result]) => [`answer of a ${kind}`, result]),
  ];
  const rows = ceilings.map(([name, result]) => [name, micro(result.cpu), rate(result.rate)]);
  return titled(
    "Ceilings: the bare statements on one thread, and the same bytes over actix-web.",
    table(["", "CPU µs", "a second"], rows),
  );
}

/** How much more than a bare program on the same driver it may take. */
const mostOfBare = 2;

/** Ferrobase on PostgreSQL beside the bare program, for one number of messages. */
export function besideTable({ results, answers }, size) {
  const rows = results.filter((result) => result.size === size).map(({ workload, results }) => {
    const [bare, ours] = results;
    const ratio = ours.together / bare.together;
    const answer = answers && workload.answer ? answers[workload.answer].cpu : undefined;
    return [
      workload.id,
      workload.title,
      ...[ours, bare].flatMap(({ cpu, database, together }) => [cpu, database, together].map(micro)),
      ratio.toFixed(2),
      ratio <= mostOfBare ? yes : no,
      answer === undefined ? "" : micro(answer),
      answer === undefined ? "" : (ours.together / (bare.together + answer)).toFixed(2),
      ...[ours, bare].map((result) => rate(result.rate)),
      (bare.rate / ours.rate).toFixed(2),
      ms(ours.p99),
    ];
  });
  const sides = ["Ferrobase", "bare"].flatMap((name) => [`${name} µs`, "server µs", "together"]);
  const ratios = ["ratio", `≤ ${mostOfBare}`, "answer µs", "ratio with it"];
  const rates = ["Ferrobase req/s", "bare/s", "bare by ours", "p99 ms"];
  const heads = ["", "workload", ...sides, ...ratios, ...rates];
  return titled(`${size.toLocaleString("en")} messages:`, table(heads, rows));
}

export function titled(title, table) {
  return `${title}\n\n${table}`;
}

export function table(heads, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

export function ratioOf([theirs, ours]) {
  return theirs.cpu / ours.cpu;
}

export function micro(number) {
  return number < 100 ? number.toFixed(1) : number.toFixed(0);
}

export function rate(number) {
  return number.toFixed(0);
}

export function ms(number) {
  return number.toFixed(1);
}

export function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}

export function percent(share) {
  return `${(share * 100).toFixed(0)} %`;
}
