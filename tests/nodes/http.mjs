// Requests from an address of one's own, so that a proxy can tell clients of one machine apart.

import { Agent, request } from "node:http";

/** The address of client number `n` on the loopback, all of which belongs to this machine on Linux. */
export const addressOf = (n) => `127.0.${1 + Math.floor(n / 250)}.${1 + (n % 250)}`;

/** Somebody who asks `url` from the address `from`, over one connection that is kept. */
export class Client {
  constructor(url, from = "127.0.0.1") {
    Object.assign(this, { url, from });
    this.agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: from });
  }

  /** The status, the node that answered, and the body; rejects when nobody answered. */
  ask(method, path, body, { token, timeout = 15_000 } = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = { ...(token && { Authorization: token }) };
    if (text !== undefined) {
      headers["Content-Type"] = "application/json";
      headers["Content-Length"] = Buffer.byteLength(text);
    }
    return new Promise((resolve, reject) => {
      const options = { method, agent: this.agent, headers };
      const asked = request(this.url + path, options, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          const received = Buffer.concat(parts).toString("utf8");
          resolve({ status: answer.statusCode, node: answer.headers["x-node"], ...parsed(received) });
        });
      });
      asked.setTimeout(timeout, () => asked.destroy(new Error("no answer in time")));
      asked.on("error", reject);
      asked.end(text);
    });
  }

  /** The body of a 2xx; anything else is an error. */
  async need(method, path, body, options) {
    const answer = await this.ask(method, path, body, options);
    if (answer.status >= 300) {
      throw new Error(`${method} ${path} answers ${answer.status}: ${answer.text}`);
    }
    return answer.body;
  }

  close() {
    this.agent.destroy();
  }
}

function parsed(text) {
  try {
    return { text, body: text === "" ? undefined : JSON.parse(text) };
  } catch {
    // A proxy's own page.
    return { text };
  }
}
