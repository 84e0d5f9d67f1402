// A run: worlds one after another, and what is sent to each: reads, then writes, then a look at all
// tables, unless another plot is given.

import { Lab } from "./lab.mjs";
import { Random } from "./random.mjs";
import { makeRead } from "./reads.mjs";
import { inFolder } from "./sides.mjs";
import { wire } from "./wire.mjs";
import { makeWorld } from "./world.mjs";
import { makeWrite } from "./writes.mjs";

const atOnce = 24;

/** What a run does: `makeWorld`, what it sends to one, and the `size` of that. */
export const records = {
  makeWorld,
  size: { reads: 420, writes: 90 },
  async act(lab, random, size) {
    await reads(lab, random.fork("reads"), size.reads);
    await writes(lab, random.fork("writes"), size.writes);
  },
};

/**
 * Compares `sides` until `requests` different ones were sent, or `only` the world of that number.
 * Returns `{ sent, worlds, differences, excused }`; stops early after `enough` differences.
 */
export async function campaign(
  sides,
  {
    seed,
    requests,
    folder,
    only,
    jobs = 2,
    enough = Infinity,
    plot = records,
    size = plot.size,
  },
) {
  const total = { sent: 0, worlds: 0, refused: 0, differences: [], excused: new Map() };
  let next = only ?? 0;
  const isDone = () =>
    total.sent >= requests ||
    total.differences.length >= enough ||
    (only !== undefined && next > only);
  const work = async () => {
    while (!isDone()) {
      const number = next++;
      const result = await inFolder(`${folder}/world-${number}`, (own) =>
        oneWorld(sides, `${seed}/${number}`, own, { ...plot, size }),
      );
      total.sent += result.sent;
      total.worlds += 1;
      total.refused += result.isRefused ? 1 : 0;
      // Now and then the generator says nonsense; mostly, and something else is wrong.
      if (total.refused > 5 && total.refused > total.worlds / 2) {
        throw new Error(`hardly any world is taken: ${result.refusals.join("\n") || "see before"}`);
      }
      total.differences.push(...result.differences.map((found) => ({ ...found, seed, number })));
      for (const [reason, count] of result.excused) {
        total.excused.set(reason, (total.excused.get(reason) ?? 0) + count);
      }
    }
  };
  await Promise.all(Array.from({ length: only === undefined ? jobs : 1 }, work));
  return total;
}

async function oneWorld(sides, seed, folder, { makeWorld, act, size }) {
  const random = new Random(seed);
  const lab = await Lab.open(sides, makeWorld(random), folder);
  try {
    if (lab.isRefused) {
      const where = {
        path: "the collections",
        one: String(lab.refusals[0] ?? ""),
        other: String(lab.refusals[1] ?? ""),
      };
      // What both refuse is no world; only the generator is to blame.
      if (!lab.refusals.every(Boolean)) lab.differences.push(refusal(lab, where));
      return lab;
    }
    await lab.fill();
    if (lab.differences.length === 0 && !lab.isLeft) {
      await act(lab, random, size);
    }
    return lab;
  } finally {
    await lab.close();
  }
}

/** A world that only one side takes, as a difference without a request. */
export function refusal({ world }, where) {
  const side = where.one ? "theirs" : "ours";
  return {
    world,
    writes: [],
    request: null,
    where,
    theirs: where.one,
    ours: where.other,
    signature: `refused by ${side}`,
  };
}

/** So many different reads, at most. */
export async function reads(lab, random, count) {
  const distinct = new Map();
  for (let tries = 0; distinct.size < count && tries < count * 3; tries++) {
    const request = makeRead(random, lab.world);
    const { method, path } = wire(request);
    distinct.set(`${request.caller} ${method} ${path}`, request);
  }
  const queue = [...distinct.values()];
  const worker = async () => {
    while (queue.length > 0) await lab.compare(queue.pop());
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Writes follow each other; when their answers differ, what is stored may, so that ends them. */
async function writes(lab, random, count) {
  const done = [];
  for (let number = 0; number < count; number++) {
    const request = makeWrite(random, lab.world, number);
    const found = await lab.compare(request, [...done]);
    if (lab.isLeft) return;
    done.push(request);
    if (found && !(found.reason && (await levelled(lab, request, done)))) return;
    // What levels deletes too.
    if ((found || request.method === "DELETE") && (await dangles(lab))) return;
  }
  await tables(lab, done);
}

/** Whether both sides are alike again after an explained difference, the row being gone. */
async function levelled(lab, { method, collection, id, body }, done) {
  const row = method === "POST" ? body?.id : id;
  if (typeof row !== "string" || row === "") return false;
  const request = { method: "DELETE", collection, id: row, caller: "root" };
  const answers = await Promise.all(
    lab.sessions.map((session) => session.send(wire(request), "root")),
  );
  done.push(request);
  return (
    answers.every(({ status }) => [204, 404].includes(status)) &&
    (method === "POST" || answers[0].status === answers[1].status)
  );
}

const dangling = "A delete that cascades leaves no reference to what it deleted.";

/**
 * Whether the reference has written back a list that it had read before a cascade, with the id of
 * a record that is gone. What follows from that is no difference of ours.
 */
export async function dangles(lab) {
  const { world } = lab;
  if (!world.collections.some(({ fields }) => fields.some((field) => field.cascadeDelete)))
    return false;
  const [theirs, ours] = await Promise.all(lab.sessions.map((session) => lost(session, world)));
  if (theirs === 0 || ours > 0) return false;
  lab.excused.set(dangling, (lab.excused.get(dangling) ?? 0) + 1);
  return true;
}

/** How many references of all records lead nowhere. */
async function lost(session, world) {
  const ids = new Set();
  const named = [];
  for (const { name, fields } of world.collections.filter(({ type }) => type !== "view")) {
    const request = { method: "GET", collection: name, perPage: "1000" };
    const { items } = JSON.parse((await session.send(wire(request), "root")).text);
    for (const item of items) {
      ids.add(item.id);
      for (const field of fields.filter(({ type }) => type === "relation"))
        named.push(item[field.name]);
    }
  }
  return named.flat().filter((id) => id && !ids.has(id)).length;
}

/** Every row of every collection, as root sees it. */
export async function tables(lab, done) {
  for (const { name, type } of lab.world.collections) {
    // Ids that the servers made order the rows of a view differently.
    const sort = type === "view" ? undefined : ["@rowid"];
    await lab.compare(
      { method: "GET", collection: name, caller: "root", perPage: "1000", sort },
      done,
    );
  }
}
