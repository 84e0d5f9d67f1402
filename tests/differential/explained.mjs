// Whether a difference is there on purpose: that of a batch is one of the item that failed.

import { deliberate } from "./deliberate.mjs";
import { deliberateInBatches, insideBatch } from "./batch-differences.mjs";
import { deliberateOfFiles } from "./file-differences.mjs";

const everywhere = [...deliberate, ...deliberateOfFiles];

/** The entry that explains a difference, if one does. */
export function explained(trial, theirs, ours) {
  const explains = (inner, ...answers) => {
    const known = withBody(inner);
    return everywhere.find(({ holds }) => holds(known, ...answers));
  };
  if (!trial.request.batch) return explains(trial, theirs, ours);
  return (
    deliberateInBatches.find(({ holds }) => holds(trial, theirs, ours)) ??
    insideBatch(trial, theirs, ours).reduce(
      (found, [inner, ...answers]) => found ?? explains(inner, ...answers),
      undefined,
    )
  );
}

/** The trial with the texts of a form as a body; a file without a name is a text. */
function withBody(trial) {
  const { parts } = trial.request;
  if (!parts) return trial;
  const texts = parts.filter(([, value]) => typeof value === "string" || value.name === "");
  return { ...trial, request: { ...trial.request, body: Object.fromEntries(texts) } };
}
