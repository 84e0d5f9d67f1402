// Runs the blog's own queries through the stock pocketbase client against one or two servers that
// hold the same rows, and prints medians.
//
//   node bench/blog/queries.mjs NAME=URL=PID [NAME=URL=PID]
//
// PID is the server's process: its user and system time, divided by the requests, is the figure
// that does not swing with the machine. Servers alternate within each round. A run fails on the
// first error, and when the servers' answers differ.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

import PocketBase from "../../tests/clients/node_modules/pocketbase/dist/pocketbase.es.mjs";

const rounds = 5;
const connections = 4;
const secondsPerCell = Number(process.env.BENCH_SECONDS ?? 2);
const tags = 50;
const words = ["amber beacon", "cedar", "fjord garnet", "island", "meadow nectar", "pebble 12"];
const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** The published posts of one page, newest first. */
function published(page) {
  return (pb) =>
    pb.collection("posts").getList(page, 30, {
      filter: "status = 'published'",
      sort: "-published_at",
      expand: "author",
    });
}

function byTag(pb, number) {
  return pb.collection("posts").getList(1, 20, {
    filter: pb.filter("status = 'published' && tags.slug ?= {:slug}", { slug: `tag-${number % tags}` }),
    sort: "-published_at",
    expand: "author",
  });
}

/** As the blog's front page does: the posts, then one request for the counts of all of them. */
async function byTagWithCounts(pb, number) {
  const list = await byTag(pb, number);
  const filter = list.items.map(({ id }) => pb.filter("id = {:id}", { id })).join(" || ");
  const stats = await pb.collection("post_stats").getList(1, 20, { filter, skipTotal: true });
  const counts = new Map(stats.items.map(({ id, comments, likes }) => [id, { comments, likes }]));
  return { ...list, items: list.items.map((post) => ({ ...post, count: counts.get(post.id) })) };
}

function drafts(pb) {
  return pb.collection("posts").getList(1, 30, {
    filter: pb.filter("author = {:me} && status = 'draft'", { me: pb.authStore.record.id }),
    sort: "slug",
  });
}

function search(pb, number) {
  return pb.collection("posts").getList(1, 20, {
    filter: pb.filter("title ~ {:words}", { words: words[number % words.length] }),
    sort: "-published_at",
    expand: "author",
  });
}

const queries = [
  { name: "published posts by tag, with author", requests: 1, run: byTag },
  { name: "the same with counts (post_stats)", requests: 2, run: byTagWithCounts },
  { name: "a user's drafts", requests: 1, run: drafts, signedIn: true },
  { name: "title ~ words", requests: 1, run: search },
  { name: "published posts, page 1", requests: 1, run: published(1) },
  { name: "published posts, page 1,000", requests: 1, run: published(1000) },
];

async function connect(argument) {
  const [name, url, pid] = argument.split("=");
  const guest = new PocketBase(url).autoCancellation(false);
  const user = new PocketBase(url).autoCancellation(false);
  await user.collection("users").authWithPassword("user0@example.com", "a password for benches");
  return { name, guest, user, pid };
}

/** User and system time of a process so far, in microseconds. */
function cpu(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1e6;
}

/** Repeats a query on several connections for a while; at least once on each. */
async function measure(server, query) {
  const pb = query.signedIn ? server.user : server.guest;
  const [before, started] = [cpu(server.pid), performance.now()];
  let done = 0;
  const worker = async (first) => {
    for (let number = first; ; number += connections) {
      await query.run(pb, number);
      done += 1;
      if (performance.now() - started > secondsPerCell * 1000) {
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, index) => worker(index)));
  const elapsed = performance.now() - started;
  return {
    perSecond: (done * query.requests * 1000) / elapsed,
    cpu: (cpu(server.pid) - before) / (done * query.requests),
  };
}

/** What must be equal on both servers: which posts, by whom, with which counts. */
async function essence(server, query, number) {
  const list = await query.run(query.signedIn ? server.user : server.guest, number);
  const items = list.items.map(({ slug, title, status, count, expand }) => {
    return { slug, title, status, count, author: expand?.author?.name };
  });
  return { items, totalItems: list.totalItems, totalPages: list.totalPages };
}

async function assertSame(servers, query) {
  for (let number = 0; number < words.length; number++) {
    const answers = await Promise.all(servers.map((server) => essence(server, query, number)));
    if (answers[0].items.length === 0) {
      throw new Error(`${query.name}: ${servers[0].name} answers no rows`);
    }
    if (!answers.every((answer) => isDeepStrictEqual(answer, answers[0]))) {
      throw new Error(`${query.name}: the servers answer differently: ${JSON.stringify(answers)}`);
    }
  }
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

function row(cells) {
  return `| ${cells.join(" | ")} |`;
}

const servers = await Promise.all(process.argv.slice(2).map(connect));
const heads = servers.flatMap(({ name }) => [`${name} CPU µs`, `${name} req/s`]);
const last = servers.length === 2 ? ["CPU ratio"] : [];
console.log(row(["query", ...heads, ...last]));
console.log(row(["---", ...heads, ...last].map(() => "---")));
for (const query of queries) {
  await assertSame(servers, query);
  const results = new Map(servers.map((server) => [server, []]));
  for (let round = 0; round < rounds; round++) {
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      results.get(server).push(await measure(server, query));
    }
  }
  const cpus = servers.map((server) => median(results.get(server).map((result) => result.cpu)));
  const rates = servers.map((server) => median(results.get(server).map((result) => result.perSecond)));
  const cells = servers.flatMap((_, index) => [cpus[index].toFixed(0), rates[index].toFixed(0)]);
  const ratio = servers.length === 2 ? [(cpus[1] / cpus[0]).toFixed(1)] : [];
  console.log(row([query.name, ...cells, ...ratio]));
}
