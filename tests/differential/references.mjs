// What a request may name without knowing it, since each server has another one:
//
//   {file alpha/alpha0000000001/docs/0}   the name of a stored file
//   {pass ann}                            a token for protected files
//   {login ann}                           the token that ann has signed in with
//   {modified}                            the Last-Modified of what the request asks for

const reference = /\{(file|pass|login|modified)(?: ([^{}]*))?\}/g;

/** A name that no server has stored. */
const unstored = "gone_aaaaaaaaaa.txt";

/** The reference to file number `index` of a field. */
export const stored = (collection, id, field, index) =>
  `{file ${collection}/${id}/${field}/${index}}`;

/** The request with what its references stand for on the server of `session`. */
export async function resolved(request, session) {
  if (!JSON.stringify(request).match(reference)) return request;
  const found = new Map();
  const meaning = (path) => async (kind, of) => {
    const key = `${kind} ${of}`;
    if (!found.has(key)) found.set(key, await meanings[kind](session, of, path));
    return found.get(key);
  };
  const path = request.path && (await replaced(request.path, meaning(), encodeURIComponent));
  return { ...(await everywhere(request, meaning(path))), ...(path && { path }) };
}

const meanings = {
  async file(session, of) {
    const [collection, id, field, index] = of.split("/");
    const path = `/api/collections/${collection}/records/${id}`;
    const { status, text } = await session.send({ method: "GET", path }, "root");
    return (status === 200 && [JSON.parse(text)[field] ?? []].flat()[index]) || unstored;
  },
  async pass(session, caller) {
    const { text } = await session.send({ method: "POST", path: "/api/files/token" }, caller);
    return JSON.parse(text).token ?? "none";
  },
  login: async (session, caller) => session.tokens[caller] ?? "none",
  async modified(session, _, path) {
    const { headers } = await session.send({ method: "GET", path }, "guest");
    return headers["last-modified"] ?? "Mon, 02 Jan 2006 15:04:05 GMT";
  },
};

async function everywhere(value, meaning) {
  if (typeof value === "string") return replaced(value, meaning, String);
  if (Array.isArray(value)) return Promise.all(value.map((one) => everywhere(one, meaning)));
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(async ([key, one]) => [
    key,
    key === "path" ? one : await everywhere(one, meaning),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

async function replaced(text, meaning, written) {
  const meant = new Map();
  for (const [whole, kind, of] of text.matchAll(reference))
    meant.set(whole, written(await meaning(kind, of)));
  return text.replace(reference, (whole) => meant.get(whole));
}
