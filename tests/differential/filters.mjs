// Filters and rules as trees, so that a tree can be made smaller; `print` gives their text.
//
//   { all: [node, …] }, { any: [node, …] }, { left, op, right }, { raw: "text" }

import {
  call,
  column,
  elsewhere,
  lengthBesideText,
  likeCall,
  literal,
  literalBeside,
  macro,
  misplacesModifier,
  numberBesideText,
  requestValue,
} from "./operands.mjs";

const signs = ["=", "!=", ">", ">=", "<", "<=", "~", "!~"];
export const operators = [...signs, ...signs.map((sign) => `?${sign}`)];

/** A filter that a client may send about `collection`; some of them are no filters at all. */
export function clientFilter(random, world, collection) {
  const node = tree(
    random,
    () => alike(random, 0.1, () => comparison(random, world, collection)),
    3,
  );
  return random.chance(0.05) ? { raw: damaged(random, print(node)) } : node;
}

/** A rule of `collection`: what clients may say, and what only rules may. */
export function ruleOf(random, world, collection) {
  const leaf = () =>
    alike(random, 0, () => {
      if (random.chance(0.35)) return ofRequest(random, world, collection);
      if (random.chance(0.15)) return ofOthers(random, world, collection);
      return comparison(random, world, collection);
    });
  return tree(random, leaf, 2);
}

const differences = [numberBesideText, lengthBesideText, likeCall, misplacesModifier];

/** What `make` gives; what the servers see differently on purpose only now and then. */
function alike(random, share, make) {
  for (;;) {
    const node = make();
    if (comparesMoments(node)) continue;
    if (!differences.some((test) => test(node)) || random.chance(share)) return node;
  }
}

/** Whether two moments of writes are compared, which are a millisecond apart now and then. */
const comparesMoments = ({ left, right }) =>
  [left, right].every(({ type }) => type === "autodate");

function tree(random, leaf, most) {
  const count = random.weighted([
    [6, 1],
    [3, 2],
    [1, most],
  ]);
  if (count === 1) return leaf();
  const parts = Array.from({ length: count }, () =>
    random.chance(0.15) ? tree(random, leaf, 2) : leaf(),
  );
  return random.chance(0.5) ? { all: parts } : { any: parts };
}

/** One comparison; every operator over every type of field comes up. */
export function comparison(random, world, collection) {
  const left = random.chance(0.06)
    ? (call(random, collection) ?? column(random, world, collection))
    : column(random, world, collection);
  const right = random.weighted([
    [14, () => literalBeside(random, left)],
    [3, () => column(random, world, collection)],
    [1, () => macro(random)],
    [
      0.1,
      () => ({
        is: "wrong",
        text: random.pick(["nope", "title.x", "@request.nope", "id:each", "5x", "''x"]),
      }),
    ],
  ])();
  // What the digits of the present moment hold is another thing on each server.
  const isNow = [left, right].some(({ type }) => type === "autodate");
  const op = random.pick(isNow ? operators.filter((one) => !one.endsWith("~")) : operators);
  return random.chance(0.1) ? { left: right, op, right: left } : { left, op, right };
}

function ofRequest(random, world, collection) {
  const value = requestValue(random, world, collection);
  const other = random.chance(0.5)
    ? column(random, world, collection)
    : literalBeside(random, value);
  const flag = value.type === "bool" ? literal(random.chance(0.5)) : other;
  return {
    left: value,
    op: random.pick(random.chance(0.7) ? ["=", "!=", "?="] : operators),
    right: flag,
  };
}

function ofOthers(random, world, collection) {
  const left = elsewhere(random, world);
  const right = random.chance(0.5)
    ? column(random, world, collection)
    : literalBeside(random, left);
  return { left, op: random.pick(operators), right };
}

/** A text that is nearly a filter. */
function damaged(random, text) {
  const at = random.below(text.length + 1);
  return random.weighted([
    [3, text.slice(0, at) + text.slice(at + 1)],
    [
      3,
      text.slice(0, at) +
        random.pick([..."()'\"&|=!?~<>.:@#,$%\\ 0a", "&&", "//", "null"]) +
        text.slice(at),
    ],
    [1, text.slice(0, at)],
    [1, `(${text})`],
    [1, ` ${text} // said`],
    [1, text.replaceAll("&&", "||").replaceAll(" ", "\t")],
    [1, random.pick(["   ", "title", "()", "1=1", "1 = '1'", "''=null", "@random = 1", "id = id"])],
  ]);
}

export function print(node) {
  if (node.raw !== undefined) return node.raw;
  if (node.op) return `${node.left.text} ${node.op} ${node.right.text}`;
  const [parts, joint] = node.all ? [node.all, " && "] : [node.any, " || "];
  return parts.map((part) => (part.op ? print(part) : `(${print(part)})`)).join(joint);
}

/** All comparisons of a filter or rule; a raw text, null and "" have none that are known. */
export function comparisons(node) {
  if (!node || node.raw !== undefined) return [];
  return node.op ? [node] : (node.all ?? node.any).flatMap(comparisons);
}
