// Where two JSON values differ.

/** The first such place, as `{ path, one, other }`; the order of keys does not count. */
export function differs(one, other, path) {
  if (Object.is(one, other) || (one === 0 && other === 0)) return undefined;
  const objects = [one, other].every((value) => value !== null && typeof value === "object");
  if (!objects || Array.isArray(one) !== Array.isArray(other)) return { path, one, other };
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  // A length says more than the first item that is elsewhere.
  if (Array.isArray(one) && one.length !== other.length) {
    return { path: `${path}.length`, one: one.length, other: other.length };
  }
  for (const key of keys) {
    const found = differs(one[key], other[key], path ? `${path}.${key}` : key);
    if (found) return found;
  }
  return undefined;
}
