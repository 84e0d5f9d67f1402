// Whether two normalised answers are the same, and where they are not.

import { joins, sortsOverSeveral } from "./deliberate.mjs";
import { differs } from "./differs.mjs";

/** The first place where two answers differ, as `{ path, one, other }`; nothing when they agree. */
export function difference(request, world, [one, other]) {
  const ordered = !joins(request, world) && !sortsOverSeveral(request);
  const [left, right] = [one, other]
    .map((answer) => backwardsUnordered(answer))
    .map(ordered ? (answer) => answer : unordered);
  return differs(left, right, "");
}

/** Nothing orders what points back: the reference goes by whichever index it reads. */
function backwardsUnordered(value, key) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) {
    const list = value.map((one) => backwardsUnordered(one));
    return /_via_|\(/.test(String(key))
      ? list.sort((one, other) => (canonical(one) < canonical(other) ? -1 : 1))
      : list;
  }
  return Object.fromEntries(
    Object.entries(value).map(([inner, one]) => [inner, backwardsUnordered(one, inner)]),
  );
}

/** A value as text, the same whatever the order of its keys. */
export const canonical = (value) => JSON.stringify(sorted(value));

/** Items without their order; on a page of several, which items are on it depends on the order. */
function unordered({ status, body }) {
  if (!Array.isArray(body?.items)) return { status, body };
  const items =
    body.totalPages > 1 || body.page > 1 || body.totalPages === -1
      ? body.items.length
      : body.items.map(canonical).sort();
  return { status, body: { ...body, items } };
}

function sorted(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
