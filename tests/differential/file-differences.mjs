// What files and their downloads have of differences that are there on purpose: see deliberate.mjs.

import { canonical } from "./compare.mjs";

export const deliberateOfFiles = [
  {
    reason: "A protected file is for no cache that others share.",
    holds: ({ request }, theirs, ours) =>
      request.download !== undefined &&
      ours.headers?.["cache-control"] === `private, ${theirs.headers?.["cache-control"]}` &&
      same(theirs, ours, ["cache-control"]),
  },
  {
    reason: "A refused range or condition has no text, and says how long the file is.",
    holds: ({ request }, theirs, ours) =>
      request.download !== undefined &&
      [412, 416].includes(ours.status) &&
      ours.body === "" &&
      same({ ...theirs, body: "" }, ours, [
        "content-type",
        "content-length",
        "content-range",
        "accept-ranges",
      ]),
  },
  {
    reason: "What has not changed is said to have ranges, as the file is.",
    holds: ({ request }, theirs, ours) =>
      request.download !== undefined &&
      ours.status === 304 &&
      same(theirs, ours, ["accept-ranges", "cache-control"]) &&
      [ours, theirs].every(({ headers }) => headers["cache-control"].endsWith(caching)),
  },
];

const caching = "max-age=2592000, stale-while-revalidate=86400";

/** Whether two answers are the same but for some headers. */
function same(one, other, names) {
  const kept = ({ headers, ...answer }) => ({
    ...answer,
    headers: Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => !names.includes(name))),
  });
  return canonical(kept(one)) === canonical(kept(other));
}
