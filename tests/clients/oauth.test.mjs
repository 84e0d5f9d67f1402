// The stock client signs in through a real OpenID provider.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { EventSource } from "eventsource";
import PocketBase from "pocketbase";

import { serve } from "./server.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const back = "https://app.example.com/back";
const secret = "a secret: 100 % & more";

/** One server for each way in which providers want to be told the secret. */
const worlds = {};

before(async () => {
  for (const method of ["client_secret_basic", "client_secret_post"]) {
    const provider = await startProvider(method);
    const server = await serve(here("oauth.toml"), [], {
      OIDC_ISSUER: provider.issuer,
      OIDC_SECRET: secret,
    });
    worlds[method] = { provider, server };
  }
});

after(async () => {
  for (const { provider, server } of Object.values(worlds)) {
    assert.equal(await server.stop(), 0);
    await provider.stop();
  }
});

async function startProvider(method) {
  const env = { ...process.env, OIDC_SECRET: secret, OIDC_METHOD: method };
  const child = spawn(process.execPath, [here("provider.mjs")], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (text) => (complaints += text));
  const exited = new Promise((resolve) => child.on("exit", resolve));
  const line = new Promise((resolve) => createInterface(child.stdout).once("line", resolve));
  const issuer = await Promise.race([line, exited]);
  assert.match(String(issuer), /^http/, `the provider did not start: ${complaints}`);
  return {
    issuer,
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/**
 * A browser that keeps cookies and fills in the provider's two forms: who it is, and that it agrees.
 * Where it is led in the end.
 */
async function visit(url, name, end = back) {
  const cookies = new Map();
  let request = { url, options: {} };
  for (let step = 0; step < 20; step++) {
    const cookie = [...cookies].map(([key, value]) => `${key}=${value}`).join("; ");
    const headers = { ...request.options.headers, cookie };
    const answer = await fetch(request.url, { ...request.options, headers, redirect: "manual" });
    for (const text of answer.headers.getSetCookie()) {
      const [, key, value] = /^([^=]+)=([^;]*)/.exec(text);
      cookies.set(key, value);
    }
    const place = answer.headers.get("location");
    if (place?.startsWith(end)) return new URL(place);
    if (place) {
      request = { url: new URL(place, request.url).href, options: {} };
      continue;
    }
    const page = await answer.text();
    const action = /<form[^>]*action="([^"]+)"/.exec(page)?.[1];
    const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1];
    assert.ok(action && prompt, `a form: ${answer.status} ${page.slice(0, 500)}`);
    const body = new URLSearchParams({ prompt });
    if (prompt === "login") {
      body.set("login", name);
      body.set("password", "any");
    }
    request = { url: new URL(action, request.url).href, options: { method: "POST", body } };
  }
  return assert.fail("the provider leads in circles");
}

/** What somebody called `name` brings back from the provider. */
async function grant(pb, name) {
  const { oauth2 } = await pb.collection("users").listAuthMethods();
  const [invitation] = oauth2.providers;
  const place = await visit(invitation.authURL + encodeURIComponent(back), name);
  const brought = place.searchParams;
  assert.equal(brought.get("state"), invitation.state);
  return { code: brought.get("code"), verifier: invitation.codeVerifier };
}

async function signIn(pb, name, createData) {
  const { code, verifier } = await grant(pb, name);
  return pb.collection("users").authWithOAuth2Code("oidc", code, verifier, back, createData);
}

for (const method of ["client_secret_basic", "client_secret_post"]) {
  test(`up, in, out and in again (${method})`, async () => {
    const pb = new PocketBase(worlds[method].server.url);
    const first = await signIn(pb, "ann", { plan: "free" });
    assert.equal(first.meta.isNew, true);
    assert.equal(first.meta.name, "ANN");
    assert.ok(first.meta.accessToken && first.meta.rawUser.sub === "ann");
    const { record } = first;
    assert.deepEqual(
      [record.email, record.verified, record.name, record.username, record.plan],
      ["ann@example.com", true, "ANN", "ann", "free"],
    );
    assert.ok(pb.authStore.isValid);
    await pb.collection("users").authRefresh();

    pb.authStore.clear();
    const second = await signIn(pb, "ann");
    assert.deepEqual([second.meta.isNew, second.record.id], [false, record.id]);
  });
}

test("a window of its own, and the client waits for it", async () => {
  globalThis.EventSource = EventSource;
  const { server } = worlds.client_secret_basic;
  const pb = new PocketBase(server.url);
  const end = `${server.url}/api/oauth2-redirect`;
  const { record, meta } = await pb.collection("users").authWithOAuth2({
    provider: "oidc",
    async urlCallback(url) {
      const place = await visit(url, "walter", end);
      const answer = await fetch(place, { redirect: "manual" });
      const page = answer.headers.get("location") ?? (await answer.text());
      assert.match(page, /redirect-success|Signed in/);
    },
  });
  assert.deepEqual([meta.isNew, record.email], [true, "walter@example.com"]);
  assert.ok(pb.authStore.isValid);
  assert.equal(pb.realtime.isConnected, false);
});

test("a code that was used, or is somebody else's, opens nothing", async () => {
  const pb = new PocketBase(worlds.client_secret_basic.server.url);
  const { code, verifier } = await grant(pb, "bob");
  const users = pb.collection("users");
  await users.authWithOAuth2Code("oidc", code, verifier, back);
  pb.authStore.clear();
  const other = await grant(pb, "cleo");
  for (const [code_, verifier_] of [
    [code, verifier],
    [other.code, verifier],
    ["made up", other.verifier],
  ]) {
    const refused = users.authWithOAuth2Code("oidc", code_, verifier_, back);
    await assert.rejects(refused, (error) => error.status === 400);
  }
  assert.ok(!pb.authStore.isValid);
});

test("an address that is not proved signs nobody up and opens no account", async () => {
  const pb = new PocketBase(worlds.client_secret_basic.server.url);
  const error = await signIn(pb, "unproved").catch((reason) => reason);
  assert.equal(error.response.data.email.code, "validation_required");
});

test("links are listed and cut", async () => {
  const pb = new PocketBase(worlds.client_secret_basic.server.url);
  const { record } = await signIn(pb, "dora");
  const links = await pb.collection("users").listExternalAuths(record.id);
  assert.deepEqual(links.map((link) => [link.provider, link.providerId]), [["oidc", "dora"]]);
  assert.equal(await pb.collection("users").unlinkExternalAuth(record.id, "oidc"), true);
  assert.equal((await pb.collection("users").listExternalAuths(record.id)).length, 0);
});
