// Whether a difference is there on purpose: that of a batch is one of the item that failed.

import { deliberate } from "./deliberate.mjs";
import { deliberateInBatches, insideBatch } from "./batch-differences.mjs";
import { deliberateOfFiles } from "./file-differences.mjs";

const everywhere = [...deliberate, ...deliberateOfFiles];

/** The entry that explains a difference, if one does. */
export function explained(trial, theirs, ours) {
  const { batch } = trial.request;
  if (!batch) return everywhere.find(({ holds }) => holds(trial, theirs, ours));
  return (
    deliberateInBatches.find(({ holds }) => holds(trial, theirs, ours)) ??
    insideBatch(trial, theirs, ours).reduce(
      (found, [inner, ...answers]) =>
        found ?? everywhere.find(({ holds }) => holds(inner, ...answers)),
      undefined,
    )
  );
}
