// Starts the built executable over a copy of config.toml, which a step may then change.

import { spawn } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const binary = process.env.FERROBASE_BIN ?? join(here, "../../target/debug/ferrobase");

export async function serve() {
  const folder = await mkdtemp(join(tmpdir(), "ferrobase-browser-"));
  const config = join(folder, "config.toml");
  await copyFile(join(here, "config.toml"), config);
  const child = spawn(
    binary,
    ["dev", "--config", "config.toml", "--dir", "data", "--http", "127.0.0.1:0", "--env", "test"],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  const output = listen(child);
  const exited = new Promise((resolve) => child.on("exit", resolve));

  async function stop() {
    child.kill("SIGTERM");
    await exited;
    await rm(folder, { recursive: true, force: true });
  }

  try {
    const [url] = await output.says(/http:\/\/127\.0\.0\.1:\d+/);
    const [link] = await output.says(/http:\S+pbinstall\S+/);
    return {
      url,
      link,
      /** Saves the file with a change, and waits until the server says `expected` about it. */
      async edit(change, expected) {
        const from = output.length();
        await writeFile(config, change(await readFile(config, "utf8")));
        await output.says(expected, from);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Everything a process prints, and promises of what it will. */
function listen(child) {
  let text = "";
  const waiting = new Set();
  const look = () => waiting.forEach((check) => check());
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (more) => {
      text += more;
      look();
    });
  }
  let hasEnded = false;
  child.on("exit", () => {
    hasEnded = true;
    look();
  });

  return {
    length: () => text.length,
    says(pattern, from = 0) {
      return new Promise((resolve, reject) => {
        const check = () => {
          const found = pattern.exec(text.slice(from));
          if (!found && !hasEnded) return;
          waiting.delete(check);
          if (found) resolve(found);
          else reject(new Error(`the server ended without saying ${pattern}:\n${text}`));
        };
        waiting.add(check);
        check();
      });
    },
  };
}

/** One request to the API beside the dashboard; a refusal is thrown. */
export async function request(url, method, path, body, token = "") {
  const headers = { "Content-Type": "application/json", Authorization: token };
  const response = await fetch(`${url}/api/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const answer = response.status === 204 ? null : await response.json();
  if (response.ok) return answer;
  throw Object.assign(new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`), { status: response.status, answer });
}

/** The API as somebody else uses it beside the dashboard. */
export async function client(url, email, password) {
  const call = (...asked) => request(url, ...asked);
  const { token, record } = await call("POST", "collections/_superusers/auth-with-password", { identity: email, password });
  return {
    id: record.id,
    first: async (name, filter) =>
      (await call("GET", `collections/${name}/records?perPage=1&filter=${encodeURIComponent(filter)}`, undefined, token)).items[0],
    create: (name, body) => call("POST", `collections/${name}/records`, body, token),
    update: (name, id, body) => call("PATCH", `collections/${name}/records/${id}`, body, token),
    /** The page of the dashboard that the link in the mail to `email` leads to, once there is one. */
    async linkOf(action, email) {
      await call("POST", `collections/members/request-${action}`, { email });
      return mailed(url, token, email, new RegExp(`/_/#(/auth/confirm-${action}/[\\w.-]+)`));
    },
    emptyInbox: () => call("DELETE", "mails", undefined, token),
    sendMail: (template) => call("POST", "settings/test/email", { email: "me@example.com", template }, token),
  };
}

/** What `pattern` finds in a mail to `email`, once there is one. */
export async function mailed(url, token, email, pattern) {
  for (let tries = 0; tries < 200; tries++) {
    const { items } = await request(url, "GET", "mails", undefined, token);
    for (const { id } of items.filter(({ to }) => to === email)) {
      const found = (await request(url, "GET", `mails/${id}`, undefined, token)).text.match(pattern);
      if (found) return found[1];
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no mail to ${email}`);
}
