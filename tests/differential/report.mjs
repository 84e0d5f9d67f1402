// A difference as a person reads it.

import { spelled } from "./multipart.mjs";
import { configToml } from "./render.mjs";
import { wire } from "./wire.mjs";

const cut = (value, most = 4000) => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > most ? `${text.slice(0, most)}…` : text;
};

export function describe(found) {
  const { world, writes, request, where, theirs, ours, seed, number, signature, name } = found;
  const collections = configToml(world).split("\n").slice(7).join("\n").trim();
  return [
    `== ${signature}`,
    collections,
    ...world.writes.map((write) => `row     ${said(write)}`),
    ...writes.map((write) => `before  ${said(write)}`),
    request && `request ${said(request)}`,
    `differ at ${where.path}: ${cut(where.one ?? null, 400)} and ${cut(where.other ?? null, 400)}`,
    `PocketBase answers ${cut(theirs)}`,
    `Ferrobase answers  ${cut(ours)}`,
    `again: SEED=${seed} WORLD=${number} scripts/differential.sh ${name ?? ""}`,
    `this alone: tests/differential/replay.mjs '${JSON.stringify({ world, writes, request }).replaceAll("'", "'\\''")}'`,
  ]
    .filter(Boolean)
    .join("\n");
}

function said(request) {
  const { method, path, body } = wire(request);
  const written = path.replaceAll("+", " ");
  const { parts, batch, headers } = request;
  return [
    `(${request.caller})`,
    method,
    /%(?![2-7])/.test(written) ? path : decodeURIComponent(written),
    headers && JSON.stringify(headers),
    parts ? spelled(parts) : batch ? JSON.stringify(batch) : body,
  ]
    .filter(Boolean)
    .join(" ");
}

/** How often each signature came, the most frequent first. */
export function tally(differences) {
  const counts = new Map();
  for (const { signature } of differences) counts.set(signature, (counts.get(signature) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1]);
}
