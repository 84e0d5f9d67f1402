// W10: how long a server takes from its start to the first 200, and what it holds when idle.

import { setTimeout as sleep } from "node:timers/promises";

import { medians } from "./measure.mjs";
import { copyData } from "./servers.mjs";

const secondsOfIdleness = 2;

/** Starts each of `servers` several times on the data it finds in its one of `dirs`. */
export async function measureStarts(servers, dirs, folder, rounds) {
  const results = servers.map(() => []);
  const copies = servers.map((server, index) => copyData(dirs[index], `${folder}/${server.name}`));
  for (let round = 0; round < rounds; round++) {
    for (const [index, server] of servers.entries()) {
      const started = await server.start(copies[index]);
      await sleep(secondsOfIdleness * 1000);
      results[index].push({ started, memory: server.memory });
      await server.stop();
    }
  }
  return servers.map(({ binarySize }, index) => ({ ...medians(results[index]), binary: binarySize }));
}
