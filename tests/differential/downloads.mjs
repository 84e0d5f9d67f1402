// Requests for files: whole, in ranges, on conditions, as thumbs and with tokens.

import { stored } from "./references.mjs";
import { collectionId } from "./render.mjs";
import { isFile } from "./schema.mjs";
import { callersOf, idsOf } from "./world.mjs";

const long = "Thu, 01 Jan 1970 00:00:00 GMT";
const never = "Fri, 01 Jan 2100 00:00:00 GMT";

export function makeDownload(random, world) {
  const collection = random.pick(
    world.collections.filter(({ fields }) => fields.some(isFile)),
  );
  const field = random.pick(collection.fields.filter(isFile));
  const source = collection.type === "view" ? /from (\w+)$/.exec(collection.query)[1] : collection.name;
  const id = random.pick(idsOf(world)[source] ?? ["missing00000000"]);
  const index = field.maxSelect > 1 ? random.below(field.maxSelect) : 0;
  const name = stored(source, id, field.name, index);
  const folder = `/api/files/${random.chance(0.2) ? collectionId(collection) : collection.name}/${id}`;
  const query = queryOf(random, world, field);
  const isThumb = query.some(([key]) => key === "thumb");
  const path = random.chance(0.05) ? astray(random, folder, name) : `${folder}/${name}`;
  return {
    method: random.chance(0.1) ? "HEAD" : "GET",
    path: path + (query.length > 0 ? `?${query.map(([key, value]) => `${key}=${value}`).join("&")}` : ""),
    // A range of what another encoder made says nothing.
    headers: isThumb ? {} : headersOf(random),
    caller: random.pick(callersOf(world)),
    download: { isThumb },
  };
}

function queryOf(random, world, field) {
  const query = [];
  if (random.chance(0.35)) query.push(["thumb", thumb(random, field)]);
  if (random.chance(0.15)) query.push(["download", random.pick(["1", "true", "t", "T", "0", "false", "", "yes", "2"])]);
  if (random.chance(field.protected ? 0.7 : 0.1)) query.push(["token", token(random, world)]);
  return query;
}

function thumb(random, { thumbs = [] }) {
  const odd = ["100x100", "99x99", "0x0", "x", "", "10x10T", "10X10", "-1x5", "10x10 ", "../x", "100x100t", "1e1x10"];
  return random.chance(0.7) && thumbs.length > 0 ? random.pick(thumbs) : encodeURIComponent(random.pick(odd));
}

function token(random, world) {
  const caller = random.pick(callersOf(world));
  return random.weighted([
    [8, `{pass ${caller}}`],
    [1, `{login ${caller}}`],
    [1, random.pick(["", "x", "a.b.c"])],
  ]);
}

function headersOf(random) {
  const headers = {};
  if (random.chance(0.3)) headers.Range = range(random);
  if (random.chance(0.15)) headers["If-Modified-Since"] = moment(random);
  if (random.chance(0.05)) headers["If-Unmodified-Since"] = moment(random);
  if (headers.Range && random.chance(0.2)) headers["If-Range"] = random.pick([moment(random), '"tag"', "x"]);
  if (random.chance(0.07)) headers["If-None-Match"] = random.pick(['"tag"', "*", 'W/"x", "y"', "x", ""]);
  if (random.chance(0.04)) headers["If-Match"] = random.pick(['"tag"', "*", "x"]);
  if (random.chance(0.05)) headers["Accept-Encoding"] = "gzip, br";
  return headers;
}

const moment = (random) => random.pick(["{modified}", "{modified}", long, never, "x", "2020-01-01"]);

function range(random) {
  const end = random.between(0, 45);
  return random.weighted([
    [4, `bytes=${random.between(0, 20)}-${end}`],
    [2, `bytes=${end}-`],
    [2, `bytes=-${end}`],
    [2, `bytes=0-${random.pick([0, 4])},${random.between(3, 9)}-${random.between(8, 12)}`],
    [1, `bytes=0-1, 3-4 ,-2`],
    [
      3,
      random.pick([
        "bytes=", "bytes=-", "bytes=5-2", "bytes=x-y", "bytes=1", "bytes=99999-", "bytes=0-99999",
        "bytes=-99999", "bytes=0-0,99999-", "items=0-1", "bytes", "bytes=0-18446744073709551616",
        "BYTES=0-1", "bytes = 0-1", "bytes=0-1;2-3", "bytes=,0-1,", "bytes=-0", "bytes=0-5,0-5,0-5",
        "bytes=+1-2", "bytes=0--1", "bytes=0-400,0-400,0-400,0-400,0-400,0-400,0-400",
      ]),
    ],
  ]);
}

/** Paths that lead to no file, or past one. */
function astray(random, folder, name) {
  const up = folder.slice(0, folder.lastIndexOf("/"));
  return random.pick([
    `${folder}/nope.txt`,
    `${folder}/`,
    `${folder}/${name}/`,
    `${folder}/${name}/x`,
    `${folder}/..%2f${name}`,
    `${folder}/%2e%2e%2fdata.db`,
    `${folder}/thumbs_${name}%2F100x100_${name}`,
    `${folder}/100x100_${name}`,
    `${up}/missing00000000/${name}`,
    `/api/files/nope/missing00000000/${name}`,
    `${folder.replace("alpha", "ALPHA")}/${name}`,
    `${folder.replace("alpha", "beta")}/${name}`,
    up,
    `/api/files/${name}`,
    "/api/files/token",
  ]);
}
