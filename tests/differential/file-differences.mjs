// What files and their downloads have of differences that are there on purpose: see deliberate.mjs.

import { canonical } from "./compare.mjs";

export const deliberateOfFiles = [
  {
    reason: "A protected file is for no cache that others share.",
    holds: ({ request }, theirs, ours) =>
      request.download !== undefined &&
      ours.headers?.["cache-control"]?.startsWith("private, ") &&
      same(theirs, ours),
  },
  {
    reason: "What a name makes active content is not shown, whatever it holds.",
    holds: ({ request }, theirs, ours) =>
      request.download !== undefined &&
      theirs.headers?.["content-disposition"] ===
        ours.headers?.["content-disposition"]?.replace("attachment", "inline") &&
      same(theirs, ours, ["content-disposition"]),
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
        "content-disposition",
      ]),
  },
  {
    reason: "A range that has no byte is not answered with one.",
    holds: ({ request }, theirs, ours) =>
      request.download !== undefined &&
      theirs.status === 206 &&
      emptyRange(theirs.headers["content-range"]) &&
      [200, 416].includes(ours.status),
  },
  {
    reason: "A part `@jsonPayload=null` is none.",
    holds: ({ request }, _, ours) =>
      request.parts?.some(([key, value]) => key === "@jsonPayload" && value === "null") &&
      ours.status < 500,
  },
  {
    reason: "What has not changed is said to have ranges, as the file is.",
    holds: ({ request }, theirs, ours) =>
      request.download !== undefined &&
      ours.status === 304 &&
      same(theirs, ours, ["accept-ranges", "content-disposition"]),
  },
];

/** Whether the last byte of a range comes before the first one. */
function emptyRange(text) {
  const [, first, last] = /^bytes (\d+)-(-?\d+)\//.exec(text) ?? [];
  return Number(last) < Number(first);
}

/** Whether two answers are the same but for some headers, and for what caches may share. */
function same(one, other, names = []) {
  const kept = ({ headers = {}, ...answer }) => ({
    ...answer,
    headers: Object.entries(headers)
      .filter(([name]) => !names.includes(name))
      .map(([name, value]) => `${name}: ${value.replace(/^private, /, "")}`)
      .sort(),
  });
  return canonical(kept(one)) === canonical(kept(other));
}
