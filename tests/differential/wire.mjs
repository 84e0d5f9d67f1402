// Requests of the judge as HTTP, and sending them.

import { Agent, request as open } from "node:http";

import { print } from "./filters.mjs";
import { multipart } from "./multipart.mjs";

const lists = ["sort", "expand", "fields"];
const single = ["page", "perPage", "skipTotal"];

/** `{ method, path, headers, body }` of a request; a request with `path` is sent as it is. */
export function wire(request) {
  const query = new URLSearchParams();
  if (request.filter) query.set("filter", print(request.filter));
  for (const name of lists.filter((name) => request[name]))
    query.set(name, request[name].join(","));
  for (const name of single.filter((name) => request[name] !== undefined))
    query.set(name, request[name]);
  const records = `/api/collections/${request.collection}/records`;
  const record =
    request.id === undefined ? records : `${records}/${encodeURIComponent(request.id)}`;
  const parameters = query.size > 0 ? `?${query}` : "";
  const { headers, body } = payload(request);
  return {
    method: request.method,
    path: request.path ?? record + parameters,
    headers: { ...headers, ...request.headers },
    body,
  };
}

function payload({ body, form, text, contentType, parts, batch }) {
  if (parts) return multipart(parts);
  if (batch) return batchBody(batch, form);
  if (text !== undefined) {
    return { headers: contentType ? { "Content-Type": contentType } : {}, body: text };
  }
  if (body === undefined) return { headers: {} };
  if (form === "urlencoded") {
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    return { headers, body: new URLSearchParams(formEntries(body)).toString() };
  }
  if (form === "multipart") return multipart(formEntries(body));
  return { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

/** Lists of scalars as repeated keys, as browsers do; other values as the client's library does. */
function formEntries(body) {
  return Object.entries(body).flatMap(([key, value]) => {
    const scalars =
      Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string");
    if (scalars) return value.map((one) => [key, one]);
    if (typeof value === "object" && value !== null)
      return [["@jsonPayload", JSON.stringify({ [key]: value })]];
    return [[key, value === null ? "" : String(value)]];
  });
}

/** The writes of a batch as its items; their files, or a form that is asked for, make it a form. */
function batchBody(writes, form) {
  const files = writes.flatMap(({ parts = [] }, index) =>
    parts
      .filter(([, value]) => typeof value !== "string")
      .map(([key, file]) => [
        form === "brackets" ? `requests[${index}].${key}` : `requests.${index}.${key}`,
        file,
      ]),
  );
  const text = JSON.stringify({ requests: writes.map(item) });
  if (form || files.length > 0) return multipart([["@jsonPayload", text], ...files]);
  return { headers: { "Content-Type": "application/json" }, body: text };
}

function item(write) {
  if (write.raw !== undefined) return write.raw;
  const { method, path } = wire({ ...write, body: undefined, parts: undefined });
  const body = write.parts ? asJson(write.parts) : write.body;
  return { method, url: path, body, headers: write.itemHeaders };
}

/** The text parts of a form as the body of an item; a payload that is no object has no place there. */
function asJson(parts) {
  const body = {};
  for (const [key, value] of parts.filter(([, value]) => typeof value === "string")) {
    if (key === "@jsonPayload") Object.assign(body, /^\{"/.test(value) ? JSON.parse(value) : {});
    else body[key] = key in body ? [body[key], value].flat() : value;
  }
  return body;
}

/** A connection pool to one server; `send` gives `{ status, text, headers, bytes }`. */
export class Client {
  constructor(url) {
    this.url = new URL(url);
    this.agent = new Agent({ keepAlive: true, maxSockets: 32 });
  }

  send({ method, path, headers = {}, body }, token) {
    const sent = { ...headers, ...(token && { Authorization: token }) };
    if (body !== undefined) sent["Content-Length"] = Buffer.byteLength(body);
    const { hostname, port } = this.url;
    const options = {
      agent: this.agent,
      hostname,
      port,
      method,
      path,
      headers: sent,
      timeout: 30_000,
    };
    return new Promise((resolve, reject) => {
      const call = open(options, (answer) => {
        const chunks = [];
        answer.on("data", (chunk) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const bytes = Buffer.concat(chunks);
          const { statusCode: status, headers } = answer;
          resolve({ status, headers, bytes, text: bytes.toString() });
        });
      });
      call.on("timeout", () => call.destroy(new Error(`no answer to ${method} ${path} in 30 seconds`)));
      call.on("error", (error) => {
        // A server may close a connection that was idle just as it is used again: nothing was read.
        const again = call.reusedSocket && error.code === "ECONNRESET";
        if (again) this.send({ method, path, headers, body }, token).then(resolve, reject);
        else reject(error);
      });
      call.end(body);
    });
  }

  close() {
    this.agent.destroy();
  }
}
