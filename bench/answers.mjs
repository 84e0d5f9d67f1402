// What an answer is compared by: what must be equal on both servers, and in every later answer to
// the same request.

import { createHash } from "node:crypto";

import { sizeOfPng } from "./png.mjs";

/** Sends `request` and returns what its answer is compared by. */
export async function sample(server, request) {
  const answer = await server.send(request.method, request.path, request);
  if (request.path.startsWith("/api/files/")) {
    return file(request, answer);
  }
  const body = await answer.json();
  if (request.path === "/api/batch") {
    return body.map(({ status, body }) => ({ status, body: written("POST", body) }));
  }
  if (request.path.endsWith("/auth-with-password")) {
    const { id, email, collectionName } = body.record;
    return { id, email, collectionName, token: typeof body.token };
  }
  return request.method === "GET" ? body : written(request.method, body);
}

/** A record that was just written: its times are its own, and so is the id of a new one. */
function written(method, { updated, ...record }) {
  if (method === "PATCH") {
    return record;
  }
  const { id, created, ...rest } = record;
  return typeof rest.file === "string" ? { ...rest, file: givenName(rest.file) } : rest;
}

/** The bytes of a file by their digest; of a thumbnail its size, since no two programs draw alike. */
async function file({ path }, answer) {
  const bytes = Buffer.from(await answer.arrayBuffer());
  const [, thumb] = path.split("?thumb=");
  // A server that cannot make one answers the whole picture.
  if (thumb && sizeOfPng(bytes) !== thumb) {
    throw new Error(`${answer.url} answers a picture of ${sizeOfPng(bytes)}`);
  }
  const header = (name) => answer.headers.get(name);
  return {
    type: header("content-type"),
    disposition: givenName(header("content-disposition")),
    caching: header("cache-control"),
    whole: Number(header("content-length")) === bytes.length,
    bytes: thumb ?? createHash("sha256").update(bytes).digest("hex"),
  };
}

/** A stored file's name without the ten letters that each server makes up. */
function givenName(stored) {
  return stored.replace(/_[A-Za-z0-9]{10}(?=\.)/, "");
}
