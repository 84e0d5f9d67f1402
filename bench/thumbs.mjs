// W9f: the first request for a thumbnail, which has to make it. Each picture is asked for once, so a
// closed loop is of no use: a few new records in each round, one request after the other.

import { sample } from "./answers.mjs";
import { thumbs } from "./files.mjs";
import { inTurns } from "./measure.mjs";

const pictures = 8;

export const firstThumb = { id: "W9f", title: "thumb of a picture of 2000x1500, made by the request" };

/** Measures it on all `servers`; returns the median figures of each, in their order. */
export function measureFirstThumbs(servers, rounds) {
  return inTurns(servers, rounds, async (server) => {
    const requests = await thumbs(server, pictures);
    const times = [];
    const before = server.cpu;
    for (const request of requests) {
      const begun = performance.now();
      await sample(server, request);
      times.push(performance.now() - begun);
    }
    const cpu = (server.cpu - before) / pictures;
    times.sort((a, b) => a - b);
    const total = times.reduce((sum, time) => sum + time);
    return { cpu, rate: (pictures / total) * 1000, p50: times[pictures / 2], p99: times.at(-1) };
  });
}
