// The stock client through every flow of an account that goes by mail, and what follows from them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import PocketBase from "pocketbase";

import { serve, superuser } from "./server.mjs";
import { totp } from "./totp.mjs";

const config = fileURLToPath(new URL("accounts.toml", import.meta.url));
const password = "a good password";

let server;
let root;

before(async () => {
  server = await serve(config);
  root = new PocketBase(server.url);
  await root.collection("_superusers").authWithPassword(superuser.email, superuser.password);
});

after(async () => assert.equal(await server.stop(), 0));

/** A client that is nobody yet, for a new account. */
async function account(name, more = {}) {
  const client = new PocketBase(server.url);
  const email = `${name}@example.com`;
  const body = { email, password, passwordConfirm: password, name, ...more };
  const { id } = await client.collection("users").create(body);
  return { id, email, client, users: client.collection("users") };
}

const seen = new Set();

/** The text of the next mail to `email` that was not read yet. */
async function mail(email) {
  for (let tries = 0; tries < 500; tries++) {
    const { items } = await root.send("/api/mails");
    const next = items.find(({ id, to }) => to === email && !seen.has(id));
    if (next) {
      seen.add(next.id);
      return (await root.send(`/api/mails/${next.id}`)).text;
    }
    await pause(20);
  }
  throw new Error(`no mail to ${email}`);
}

const tokenIn = (text, action) => new RegExp(`/_/#/auth/confirm-${action}/([\\w.-]+)`).exec(text)[1];
const codeIn = (text) => /\b\d{6}\b/.exec(text)[0];

const refusedWith = (status) => (error) => error.status === status;

test("a code signs in", async () => {
  const { id, email, client, users } = await account("cora");
  const { otpId } = await users.requestOTP(email);
  const { record } = await users.authWithOTP(otpId, codeIn(await mail(email)));
  assert.equal(record.id, id);
  assert.equal(record.verified, true);
  assert.ok(client.authStore.isValid);
});

test("two factors sign in where two are wanted", async () => {
  const { id, email, client, users } = await account("fay", { careful: true });
  const first = await users.authWithPassword(email, password).catch((error) => error);
  assert.equal(first.status, 401);
  const { mfaId } = first.response;
  const { otpId } = await users.requestOTP(email);
  const { record } = await users.authWithOTP(otpId, codeIn(await mail(email)), { mfaId });
  assert.equal(record.id, id);
  assert.ok(client.authStore.isValid);
});

test("the client knows at once that its address is verified", async () => {
  const { email, client, users } = await account("vera");
  await users.authWithPassword(email, password);
  assert.equal(client.authStore.record.verified, false);
  assert.equal(await users.requestVerification(email), true);
  await users.confirmVerification(tokenIn(await mail(email), "verification"));
  assert.equal(client.authStore.record.verified, true);
  await users.authRefresh();
});

test("a new password takes the place of a forgotten one", async () => {
  const { email, users } = await account("rita");
  assert.equal(await users.requestPasswordReset(email), true);
  const token = tokenIn(await mail(email), "password-reset");
  await users.confirmPasswordReset(token, "another password", "another password");
  await assert.rejects(users.authWithPassword(email, password), refusedWith(400));
  await users.authWithPassword(email, "another password");
});

test("a new address takes the place of the old one, and the client signs out", async () => {
  const { email, client, users } = await account("eve");
  await users.authWithPassword(email, password);
  assert.equal(await users.requestEmailChange("eve.new@example.com"), true);
  await users.confirmEmailChange(tokenIn(await mail("eve.new@example.com"), "email-change"), password);
  assert.equal(client.authStore.isValid, false);
  await users.authWithPassword("eve.new@example.com", password);
  assert.match(await mail(email), /eve\.new@example\.com/);
});

test("a superuser acts as somebody else for a while", async () => {
  const { id, email } = await account("ivy");
  const ivy = await root.collection("users").impersonate(id, 60);
  assert.equal(ivy.authStore.record.email, email);
  const { name } = await ivy.collection("users").getOne(id);
  assert.equal(name, "ivy");
});

test("the ways in are listed", async () => {
  const methods = await new PocketBase(server.url).collection("users").listAuthMethods();
  assert.deepEqual(methods.otp, { enabled: true, duration: 300 });
  assert.deepEqual(methods.mfa, { enabled: true, duration: 600 });
  assert.deepEqual(methods.password, { enabled: true, identityFields: ["email"] });
});

test("an authenticator is the second factor of who has one", async () => {
  const { id, email, client, users } = await account("toby");
  await root.collection("users").update(id, { verified: true });
  await users.authWithPassword(email, password);
  const { secret, url } = await client.send("/api/totp", { method: "POST" });
  assert.equal(new URL(url).searchParams.get("secret"), secret);
  const confirmed = { method: "POST", body: { code: totp(secret) } };
  const { recoveryCodes } = await client.send("/api/totp/confirm", confirmed);

  const path = "/api/collections/users/auth-with-totp";
  // The code of this half minute is used up; the next one is taken a little early.
  for (const code of [totp(secret, Date.now() + 30_000), recoveryCodes[0]]) {
    client.authStore.clear();
    const first = await users.authWithPassword(email, password).catch((error) => error);
    assert.equal(first.status, 401);
    assert.deepEqual(first.response.methods, ["totp"]);
    const body = { mfaId: first.response.mfaId, code };
    const { token, record } = await client.send(path, { method: "POST", body });
    client.authStore.save(token, record);
    assert.equal((await users.authRefresh()).record.id, id);
  }
});

test("a session that is ended elsewhere is over", async () => {
  const { client, email, users } = await account("sue");
  await users.authWithPassword(email, password);
  const phone = new PocketBase(server.url);
  await phone.collection("users").authWithPassword(email, password);
  const { items } = await client.send("/api/sessions");
  assert.equal(items.length, 2);
  const other = items.find(({ current }) => !current);
  await client.send(`/api/sessions/${other.id}`, { method: "DELETE" });
  await assert.rejects(phone.collection("users").authRefresh(), refusedWith(401));
  await users.authRefresh();
  await client.send("/api/sign-out", { method: "POST" });
  await assert.rejects(users.authRefresh(), refusedWith(401));
});
