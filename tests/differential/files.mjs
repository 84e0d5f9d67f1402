// The plot of files: records with files are written, and their files are asked for in between.

import { tables } from "./campaign.mjs";
import { makeDownload } from "./downloads.mjs";
import { fileWorld } from "./file-worlds.mjs";
import { makeUpload } from "./uploads.mjs";

export const files = {
  makeWorld: fileWorld,
  size: { steps: 160 },
  async act(lab, random, size) {
    const done = [];
    for (let number = 0; number < size.steps; number++) {
      const step = random.fork(`step ${number}`);
      if (step.chance(0.55)) {
        await lab.compare(makeDownload(step, lab.world), [...done]);
        continue;
      }
      const request = makeUpload(step, lab.world, number);
      const found = await lab.compare(request, [...done]);
      if (lab.isLeft) return;
      done.push(request);
      // What one of them has stored and the other not is a difference of all that follows.
      if (found && !(found.reason && found.theirs.status === found.ours.status)) return;
    }
    await tables(lab, done);
  },
};
