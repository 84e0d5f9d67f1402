// What is measured: for each workload its requests, its connections, and how much less CPU time
// than PocketBase it may take.

import { allowBatches, password, userIds } from "./data.mjs";
import { downloads, thumbs, uploads } from "./files.mjs";

const records = "/api/collections/message/records";
export const text = "lantern amber fjord kettle garnet island delta pebble cedar orchard ember nectar";

const get = (path) => ({ method: "GET", path, body: "" });
const list = (parameters) => get(`${records}?${new URLSearchParams(parameters)}`);

function views({ messages }) {
  return messages.map((id) => get(`${records}/${id}`));
}

function creates({ rooms, callerId }) {
  return rooms.map((room, rank) => {
    const body = JSON.stringify({ owner: callerId, room, data: text, rank });
    return { method: "POST", path: records, body };
  });
}

/** How many records a batch of WB makes, which is the most that a batch may. */
const batchSize = 50;

async function batches(rows, server) {
  await allowBatches(server);
  const all = creates(rows);
  return all.map((_, first) => {
    const requests = Array.from({ length: batchSize }, (_, number) => {
      const { method, path: url, body } = all[(first + number) % all.length];
      return { method, url, body: JSON.parse(body) };
    });
    return { method: "POST", path: "/api/batch", body: JSON.stringify({ requests }) };
  });
}

/** Every row twice with another text each, so that a second round changes something again. */
function updates({ owned }) {
  return ["first", "second"].flatMap((word) =>
    owned.map((id) => {
      const body = JSON.stringify({ data: `${word} ${text}` });
      return { method: "PATCH", path: `${records}/${id}`, body };
    }),
  );
}

function newestOfRooms({ rooms }, more = {}) {
  return rooms.map((room) => {
    const filter = `room = '${room}'`;
    return list({ page: 1, perPage: 30, sort: "-created", filter, ...more });
  });
}

/** The rooms of each user, each room with all of its memberships. */
function roomsOfUsers() {
  return userIds.map((user) => {
    const filter = `room_members_via_room.user ?= '${user}'`;
    const expand = "room_members_via_room";
    const parameters = new URLSearchParams({ page: 1, perPage: 30, sort: "name", filter, expand });
    return get(`/api/collections/room/records?${parameters}`);
  });
}

/** Bounds that leave two to three fifths of a million rows, and as much of fewer. */
function unindexed() {
  return Array.from({ length: 100 }, (_, number) => {
    const filter = `rank > ${400_000 + number * 2000}`;
    return list({ page: 1, perPage: 30, sort: "rank", filter });
  });
}

function nineViewsOneCreate(rows) {
  const written = creates(rows);
  return views(rows).map((view, number) => {
    return number % 10 === 9 ? written[Math.floor(number / 10) % written.length] : view;
  });
}

function signIns({ caller }) {
  const path = "/api/collections/users/auth-with-password";
  return [{ method: "POST", path, body: JSON.stringify({ identity: caller, password }) }];
}

/**
 * `requests`: what a server is sent, which may first be given what they ask for. `slow`: a short run
 * would count too few. `writes`: the collection whose rows change, so each such workload has its own
 * copy; `creates`: how many a request makes, if not one; `stores`: the bytes of the file that each
 * has. `answer`: which fixed answer its ceiling has.
 */
export const workloads = [
  { id: "W2", title: "view by id", requests: views, target: 11, answer: "view" },
  {
    id: "W3",
    title: "list 30 of a room, `-created`, with total",
    requests: newestOfRooms,
    target: 8,
    answer: "list",
  },
  {
    id: "W3n",
    title: "W3 without total",
    requests: (rows) => newestOfRooms(rows, { skipTotal: 1 }),
    answer: "list",
  },
  {
    id: "W3b",
    title: "list, unindexed filter and sort, with total",
    requests: unindexed,
    connections: 16,
    slow: true,
    target: 4,
    answer: "list",
  },
  {
    id: "W3c",
    title: "default list, with total",
    requests: () => [list({})],
    connections: 16,
    target: 20,
    answer: "list",
  },
  {
    id: "W4",
    title: "W3 with `expand=room`",
    requests: (rows) => newestOfRooms(rows, { expand: "room" }),
    target: 9,
    answer: "list",
  },
  {
    id: "WR",
    title: "rooms by `room_members_via_room.user`, with its `expand` and total",
    requests: roomsOfUsers,
    connections: 16,
  },
  {
    id: "W9d",
    title: "download of 100 kB",
    requests: (_, server) => downloads(server, 100, 100_000),
    target: 3,
    answer: "file of 100 kB",
  },
  {
    id: "W9l",
    title: "download of 5 MB",
    requests: (_, server) => downloads(server, 8, 5_000_000),
    connections: 16,
    target: 3,
  },
  { id: "W9t", title: "thumb of 100x100, made before", requests: (_, server) => thumbs(server, 8) },
  { id: "W7", title: "sign-in", requests: signIns, connections: 8, slow: true, guest: true },
  {
    id: "W5",
    title: "update, owner rule",
    requests: updates,
    target: 9,
    writes: "message",
    answer: "view",
  },
  {
    id: "W6",
    title: "nine W2 to one W1",
    requests: nineViewsOneCreate,
    target: 10,
    writes: "message",
  },
  {
    id: "W1",
    title: "create, membership rule",
    requests: creates,
    target: 10,
    writes: "message",
    answer: "view",
  },
  {
    id: "WB",
    title: `batch of ${batchSize} creates, membership rule`,
    requests: batches,
    connections: 8,
    slow: true,
    writes: "message",
    creates: batchSize,
  },
  {
    id: "W9u",
    title: "upload of 100 kB",
    requests: () => uploads(16, 100_000),
    target: 5,
    writes: "doc",
    stores: 100_000,
  },
].map((workload) => ({ connections: 64, ...workload }));

/** One load on four connections, alone and then beside another one on four. */
export const pairs = [
  { id: "W7b", title: "W2 beside sign-ins", front: "W2", back: "W7" },
  { id: "W7c", title: "W2 beside slow lists (W3b)", front: "W2", back: "W3b" },
  { id: "W7c", title: "W1 beside slow lists (W3b)", front: "W1", back: "W3b", p99: 10 },
].map((pair) => ({ connections: 4, keeps: 0.5, ...pair }));

/** What W11 repeats at other numbers of messages. */
export const growing = ["W2", "W3n", "W3", "W3c", "W1"];

export function workload(id) {
  return workloads.find((workload) => workload.id === id);
}
