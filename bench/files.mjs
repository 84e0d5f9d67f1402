// W9: files that are uploaded, read, and shrunk. Records and stored names differ from server to
// server, so that each gets its own requests.

import { createHash } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";

import { picture } from "./png.mjs";

const records = "/api/collections/doc/records";
const boundary = "the-boundary-of-benches";

/** Uploads of `count` different files of `size` bytes. */
export function uploads(count, size) {
  return Array.from({ length: count }, (_, number) => upload(`file${number}.bin`, bytes(number, size)));
}

/** Stores `count` files of `size` bytes on `server`; returns the requests that read them. */
export function downloads(server, count, size) {
  return store(server, uploads(count, size));
}

/** Stores a picture in each of `count` new records; returns the requests for their thumbnails. */
export async function thumbs(server, count) {
  drawn ??= upload("picture.png", picture());
  const whole = await store(server, Array.from({ length: count }, () => drawn));
  return whole.map((request) => ({ ...request, path: `${request.path}?thumb=100x100` }));
}

/** The upload of the picture, which takes a second to draw. */
let drawn;

async function store(server, requests) {
  const stored = [];
  for (const request of requests) {
    const { id, file } = await (await server.send(request.method, request.path, request)).json();
    stored.push({ method: "GET", path: `/api/files/doc/${id}/${file}`, body: "" });
  }
  return stored;
}

function upload(name, content) {
  const part = `--${boundary}\r\nContent-Disposition: form-data; name=`;
  const head = `${part}"title"\r\n\r\n${name}\r\n${part}"file"; filename="${name}"\r\n`;
  const body = Buffer.concat([
    Buffer.from(`${head}Content-Type: application/octet-stream\r\n\r\n`),
    content,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return { method: "POST", path: records, type: `multipart/form-data; boundary=${boundary}`, body };
}

/** Bytes that follow from the number, look like noise and do not compress. */
function bytes(number, size) {
  return createHash("shake256", { outputLength: size }).update(String(number)).digest();
}

/**
 * Removes what `server` stored and returns how many files of `size` bytes there were. The disk then
 * holds the uploads of one run only, and the system does not write them out beside the next one.
 * The records stay, and nobody asks for their files again.
 */
export function removeStored(server, size) {
  const storage = `${server.dir}/storage`;
  let count = 0;
  for (const collection of readdirSync(storage).filter((name) => !name.startsWith("."))) {
    const folder = `${storage}/${collection}`;
    const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".bin"));
    count += files.filter((name) => sizeOf(`${folder}/${name}`) === size).length;
    for (const record of readdirSync(folder)) {
      // Uploads that nobody waits for any more may still arrive.
      rmSync(`${folder}/${record}`, { recursive: true, force: true, maxRetries: 10 });
    }
  }
  return count;
}

function sizeOf(file) {
  return statSync(file, { throwIfNoEntry: false })?.size;
}
