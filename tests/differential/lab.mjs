// Both servers on one world: sends a request to both and says whether the answers differ.

import { difference } from "./compare.mjs";
import { explained } from "./explained.mjs";
import { normalise, remember } from "./normalise.mjs";
import { resolved } from "./references.mjs";
import { Refused, Unanswered } from "./sides.mjs";
import { wire } from "./wire.mjs";
import { callersOf } from "./world.mjs";

const endless = "The reference computes some filters for minutes; its world is left then.";

/** A request whose answers differ: enough to have it again. */
export function trialOf(world, request, writes = []) {
  return { world, request, writes };
}

export class Lab {
  static numbers = 0;

  /** Starts both sides on a world and makes its rows; a side that refuses it is in `refusals`. */
  static async open(sides, world, folder) {
    const lab = new Lab();
    const number = (Lab.numbers += 1);
    Object.assign(lab, { world, differences: [], excused: new Map(), sent: 0, isLeft: false });
    lab.folders = sides.map((_, index) => `${folder}/${number}-${index}`);
    const opened = await Promise.allSettled(
      sides.map((side, index) => side.open(world, lab.folders[index])),
    );
    lab.sessions = opened.flatMap(({ value }) => value ?? []);
    lab.refusals = opened.map(({ reason }) => reason);
    const broken = lab.refusals.find((reason) => reason && !(reason instanceof Refused));
    if (broken) {
      await lab.close();
      throw broken;
    }
    return lab;
  }

  get isRefused() {
    return this.refusals.some(Boolean);
  }

  /** Makes the rows that the world begins with, then signs its callers in. */
  async fill() {
    for (const write of this.world.writes) await this.compare(write);
    const names = callersOf(this.world).slice(2);
    await Promise.all(this.sessions.map((session) => session.signIn(names)));
  }

  /** Sends to both; the difference of the answers that nothing explains, if there is one. */
  async compare(request, writes = []) {
    const answers = await this.ask(request);
    if (!answers) return undefined;
    remember(request, answers, this.sessions);
    const [theirs, ours] = answers.map((answer, index) =>
      normalise(answer, this.world, this.sessions[index], request),
    );
    const where = difference(request, this.world, [theirs, ours]);
    if (!where) return undefined;
    const trial = trialOf(this.world, request, writes);
    const caller = await this.sessions[0].known(request.caller);
    const reason = explained({ ...trial, request: { ...request, caller } }, theirs, ours)?.reason;
    const found = {
      ...trial,
      where,
      theirs,
      ours,
      reason,
      signature: signature(request, where, theirs, ours),
    };
    if (reason) this.excused.set(reason, (this.excused.get(reason) ?? 0) + 1);
    else this.differences.push(found);
    return found;
  }

  /**
   * The answers of both; none when the world is left, since the reference gave none to this request
   * or an earlier one. Ours has to answer all the same.
   */
  async ask(request) {
    if (this.isLeft) return undefined;
    this.sent += 1;
    const [theirs, ours] = await Promise.allSettled(
      this.sessions.map(async (session) =>
        session.send(wire(await resolved(request, session)), request.caller),
      ),
    );
    if (ours.reason) throw ours.reason;
    if (!theirs.reason) return [theirs.value, ours.value];
    if (!(theirs.reason instanceof Unanswered)) throw theirs.reason;
    if (!this.isLeft) this.excused.set(endless, (this.excused.get(endless) ?? 0) + 1);
    this.isLeft = true;
    return undefined;
  }

  async close() {
    await Promise.all(this.sessions.map((session) => session.close()));
  }
}

/** What differences have in common that probably have one cause. */
function signature({ method, id, download, batch }, where, theirs, ours) {
  const place = where.path.replace(/\.\d+(?=\.|$)/g, ".#");
  const codes = [theirs, ours].map(({ body }) => codesOf(body).sort().join("+"));
  const reads = download ? "download" : id === undefined ? "list" : "view";
  const kind = batch ? "batch" : method === "GET" ? reads : method;
  return [kind, `${theirs.status}/${ours.status}`, place, codes.join(" / ")].join(" ");
}

/** The codes of a refusal; of a refused batch those of the item that failed. */
function codesOf(body) {
  return Object.values(body?.data ?? {}).flatMap((leaf) => {
    const [item] = leaf && leaf.code === undefined ? Object.values(leaf) : [];
    return item?.response ? [item.code, item.response.status, ...codesOf(item.response)] : leaf?.code;
  });
}
