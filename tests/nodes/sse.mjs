// One realtime connection as bytes: what an EventSource does, from an address of one's own.

import { request } from "node:http";

/**
 * Connects, and answers what the server said: `node` that it went to, `next()` for one message after
 * the other (nothing when the connection has ended), `close()`. Rejects when it is refused.
 */
export function listen(url, { from, last, timeout = 10_000 } = {}) {
  return new Promise((resolve, reject) => {
    const headers = { Accept: "text/event-stream", ...(last && { "Last-Event-ID": last }) };
    const asked = request(`${url}/api/realtime`, { headers, localAddress: from, agent: false });
    asked.setTimeout(timeout, () => asked.destroy(new Error("no answer in time")));
    asked.on("error", reject);
    asked.on("response", (answer) => {
      asked.setTimeout(0);
      if (answer.statusCode !== 200) {
        answer.resume();
        reject(new Error(`status ${answer.statusCode}`));
        return;
      }
      resolve(stream(asked, answer));
    });
    asked.end();
  });
}

function stream(asked, answer) {
  const messages = [];
  let rest = "";
  let isOver = false;
  let wake = () => {};
  const end = () => {
    isOver = true;
    wake();
  };
  answer.setEncoding("utf8");
  answer.on("data", (text) => {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const message = parse(block);
      if (message) messages.push(message);
    }
    wake();
  });
  answer.on("end", end).on("error", end).on("close", end);
  return {
    node: answer.headers["x-node"],
    async next() {
      while (messages.length === 0 && !isOver) await new Promise((resolve) => (wake = resolve));
      return messages.shift();
    },
    close: () => asked.destroy(),
  };
}

/** A message; nothing when it is a comment alone. */
function parse(block) {
  const message = {};
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) message[line.slice(0, at)] = line.slice(at + 1);
  }
  return message.event && { ...message, data: JSON.parse(message.data) };
}
