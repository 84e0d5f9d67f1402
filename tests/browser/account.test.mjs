// A superuser's own account: an authenticator, signing in with it, and sessions that end.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { codeOf, wrongCodeOf } from "./authenticator.mjs";
import { look } from "./browser.mjs";
import { mailed, request } from "./server.mjs";
import { arrived, button, dialog, go, heading, page, place, server, step, toasted } from "./steps.mjs";

const root = { email: "root@example.com", password: "correct horse battery" };
const SUPERUSERS = "collections/_superusers";

let secret;
let codes;

const sessions = () => page.getByRole("list", { name: "Sessions" }).getByRole("listitem");
const menu = async (name) => {
  await button(`Account ${root.email}`).click();
  await page.getByRole("menuitem", { name }).click();
};
const tokenOfPage = () => page.evaluate(() => JSON.parse(localStorage.getItem("ferrobase-session")).token);
const recoveryCodes = () => dialog("Your recovery codes").getByRole("listitem").allTextContents();

/** Types the password; what comes then is the step's to say. */
async function password() {
  await page.getByLabel("E-mail address").fill(root.email);
  await page.getByLabel("Password", { exact: true }).fill(root.password);
  await page.keyboard.press("Enter");
}

/** Somebody beside the dashboard who signs in with a password, and a code where one is wanted. */
async function signIn(collection, identity, secretWord, code) {
  const wanted = await request(server.url, "POST", `collections/${collection}/auth-with-password`, { identity, password: secretWord }).catch((error) => error);
  if (!(wanted instanceof Error)) return wanted.token;
  assert.deepEqual([wanted.status, wanted.answer.methods], [401, ["totp"]]);
  const { mfaId } = wanted.answer;
  return (await request(server.url, "POST", `collections/${collection}/auth-with-totp`, { mfaId, code })).token;
}

/** Whether a token still stands for somebody. */
async function works(token, collection) {
  const answer = await request(server.url, "POST", `collections/${collection}/auth-refresh`, undefined, token).catch((error) => error);
  if (answer instanceof Error) assert.equal(answer.status, 401);
  return !(answer instanceof Error);
}

step("the page of an account shows its sessions, and that it has no authenticator", async () => {
  await request(server.url, "POST", `${SUPERUSERS}/records`, { ...root, passwordConfirm: root.password }, server.link.split("/").pop());
  await go("/account");
  await password();
  await heading("Account").waitFor();
  await sessions().getByText("this one", { exact: true }).waitFor();
  await button("Set up").waitFor();
  await look(page, "account-off");
});

step("an authenticator is set up with what is shown", async () => {
  await button("Set up").click();
  const setUp = dialog("Set up an authenticator");
  await setUp.getByRole("img", { name: /QR code/ }).waitFor();
  await look(page, "authenticator-set-up");
  secret = (await setUp.getByLabel("Secret", { exact: true }).textContent()).replaceAll(" ", "");
  assert.ok((await setUp.getByRole("link", { name: "open it there" }).getAttribute("href")).includes(`secret=${secret}`));
  const code = setUp.getByLabel("Code", { exact: true });
  await code.fill(wrongCodeOf(secret));
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
  await look(page, "authenticator-refused");
  await code.fill(codeOf(secret));
  await page.keyboard.press("Enter");
  await dialog("Your recovery codes").waitFor();
  codes = await recoveryCodes();
  assert.equal(new Set(codes).size, 10);
  await look(page, "authenticator-codes");
  const [file] = await Promise.all([page.waitForEvent("download"), button("Download").click()]);
  const kept = await readFile(await file.path(), "utf8");
  assert.deepEqual(kept.trim().split("\n").slice(-10), codes);
  await button("I have kept them").click();
  await page.getByText("10 recovery codes are left").waitFor();
  await page.waitForFunction(() => document.activeElement?.textContent?.trim() === "New recovery codes");
  await look(page, "account");
}, [400]);

step("signing out ends the session itself", async () => {
  const token = await tokenOfPage();
  await Promise.all([page.waitForResponse("**/api/sign-out"), menu("Sign out")]);
  await heading("Sign in").waitFor();
  assert.equal(await works(token, "_superusers"), false);
});

step("signing in takes a code of it, with the keyboard alone", async () => {
  await password();
  await page.waitForFunction(() => document.activeElement?.matches("input[name=code]"));
  await heading("Second step").waitFor();
  await look(page, "second-step");
  await page.locator("input[name=code]").focus();
  await page.keyboard.type(wrongCodeOf(secret));
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await look(page, "second-step-refused");
  // The refused code is selected: what is typed takes its place.
  await page.locator("input[name=code]").focus();
  await page.keyboard.press("Control+A");
  // No code is taken twice: this is the next one, which the server takes early.
  await page.keyboard.type(codeOf(secret, 1));
  await page.keyboard.press("Enter");
  await heading("Overview").waitFor();
}, [400, 401]);

step("a recovery code does in its place, once", async () => {
  await menu("Sign out");
  await password();
  await button("Use a recovery code").click();
  await page.getByLabel("Recovery code").fill(codes[0]);
  await look(page, "second-step-recovery");
  await page.keyboard.press("Enter");
  await heading("Overview").waitFor();
  await menu("Account");
  await page.getByText("9 recovery codes are left").waitFor();
}, [401]);

step("a session elsewhere is ended", async () => {
  const one = await signIn("_superusers", root.email, root.password, codes[1]);
  const two = await signIn("_superusers", root.email, root.password, codes[2]);
  await page.reload();
  await sessions().nth(2).waitFor();
  await look(page, "account-sessions");
  await button("End the session of node").first().click();
  await toasted("The session of node has ended.");
  assert.equal(await sessions().count(), 2);
  const left = [await works(one, "_superusers"), await works(two, "_superusers")];
  assert.equal(left.filter(Boolean).length, 1);
  await button("End all others").click();
  await dialog("End all other sessions?").getByRole("button", { name: "End them" }).click();
  await toasted("You are signed in nowhere but here.");
  assert.equal(await sessions().count(), 1);
  assert.deepEqual([await works(one, "_superusers"), await works(two, "_superusers")], [false, false]);
});

step("authenticators are switched on for accounts that no file declares", async () => {
  const token = await signIn("_superusers", root.email, root.password, codes[4]);
  const fields = [{ name: "name", type: "text" }];
  await request(server.url, "POST", "collections", { name: "guests", type: "auth", fields, ext: { search: ["name"] } }, token);
  const ext = async () => (await request(server.url, "GET", "collections/guests", undefined, token)).ext;
  await go("/collections/guests/definition");
  await page.reload();
  await page.getByRole("switch", { name: "Authenticator" }).check();
  await toasted("Authenticators are on.");
  await look(page, "definition-switch");
  assert.deepEqual(await ext(), { search: ["name"], totp: true });
  await page.getByRole("switch", { name: "Authenticator" }).uncheck();
  await toasted("Authenticators are off.");
  assert.deepEqual(await ext(), { search: ["name"] });
});

step("the sessions of an account are beside its record", async () => {
  const token = await signIn("members", "ada@example.com", "changeme123");
  await go(`/collections/members?filter=${encodeURIComponent("email = 'ada@example.com'")}`);
  await page.getByRole("link", { name: /Ada Lovelace/ }).click();
  await button("Sessions").click();
  await sessions().getByText("Signed in with a password").waitFor();
  await look(page, "record-sessions");
  await button("End all sessions").click();
  await dialog(/^End all sessions of/).getByRole("button", { name: "End them" }).click();
  await page.getByText("This account is signed in nowhere.").waitFor();
  assert.equal(await works(token, "members"), false);
  await page.keyboard.press("Escape");
  await dialog("Ada Lovelace").waitFor({ state: "detached" });
});

step("a sign-in that is long ago is asked for again, and leads back", async () => {
  const removal = "**/api/totp";
  await page.route(removal, (route) =>
    route.request().method() === "DELETE" ? route.fulfill({ status: 403, json: { message: "Sign in again to change how you sign in." } }) : route.continue(),
  );
  await go("/account");
  await button("Remove").click();
  await dialog("Remove the authenticator?").getByRole("button", { name: "Remove" }).click();
  await dialog("Sign in again first").waitFor();
  await look(page, "account-stale");
  await button("Sign in again").click();
  await page.getByText("Sign in again, and you are back where you were.").waitFor();
  await page.unroute(removal);
  await password();
  await button("Use a recovery code").click();
  await page.getByLabel("Recovery code").fill(codes[3]);
  await page.keyboard.press("Enter");
  await heading("Account").waitFor();
  assert.equal(place(), "#/account");
  await button("Remove").click();
  await dialog("Remove the authenticator?").getByRole("button", { name: "Remove" }).click();
  await toasted("The authenticator is removed.");
  await button("Set up").waitFor();
}, [401, 403]);

step("a code from a mail is a second step too", async () => {
  const token = await signIn("_superusers", root.email, root.password);
  await request(server.url, "PATCH", SUPERUSERS, { mfa: { enabled: true }, otp: { enabled: true } }, token);
  await menu("Sign out");
  await password();
  await heading("Second step").waitFor();
  await look(page, "second-step-mail");
  await page.getByLabel("Code", { exact: true }).fill(await mailed(server.url, token, root.email, /\b(\d{8})\b/));
  await page.keyboard.press("Enter");
  await heading("Overview").waitFor();
}, [401]);

step("signing out everywhere ends every session", async () => {
  const token = await tokenOfPage();
  await menu("Account");
  await button("Sign out everywhere").click();
  await dialog("Sign out everywhere?").getByRole("button", { name: "Sign out everywhere" }).click();
  await arrived((_, hash) => hash === "#/sign-in");
  await heading("Sign in").waitFor();
  assert.equal(await works(token, "_superusers"), false);
});
