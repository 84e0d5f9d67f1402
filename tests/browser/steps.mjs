// What a file of steps begins with: a server and a browser of its own. A step builds on those before
// it, so after one that fails the rest is not tried.

import { after, before, test } from "node:test";

import { failure, open } from "./browser.mjs";
import { request, serve } from "./server.mjs";

export let server;
export let page;
export let watch;
let browser;
let failed;

before(async () => {
  server = await serve();
  browser = await open(server.url);
  ({ page, watch } = browser);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** `refusals` are the statuses above 400 that a step provokes. */
export function step(name, walk, refusals = []) {
  test(name, { timeout: 60_000 }, async (context) => {
    if (failed) return context.skip(`not tried, because this failed: ${failed}`);
    failed = name;
    await walk().catch((error) => failure(page, error));
    watch.expect(...refusals);
    failed = undefined;
  });
}

export const button = (name, exact = true) => page.getByRole("button", { name, exact });
export const heading = (name) => page.getByRole("heading", { name, exact: true });
export const dialog = (name) => page.getByRole("dialog", { name });
export const toasted = (text) => page.getByText(text, { exact: true }).last().waitFor();
export const go = (path) => page.goto(`${server.url}/_/#${path}`);
export const place = () => new URL(page.url()).hash;
export const arrived = (check) => page.waitForURL((url) => check(new URLSearchParams(url.hash.split("?")[1]), url.hash));

export const root = { email: "root@example.com", password: "correct horse battery" };

/** The first superuser, signed in at a page of the dashboard. */
export async function signedIn(path, title) {
  await request(server.url, "POST", "collections/_superusers/records", { ...root, passwordConfirm: root.password }, server.link.split("/").pop());
  await go(path);
  await page.getByLabel("E-mail address").fill(root.email);
  await page.getByLabel("Password", { exact: true }).fill(root.password);
  await page.keyboard.press("Enter");
  await heading(title).waitFor();
}

/** The token of the page, for requests beside it. */
export const tokenOfPage = () => page.evaluate(() => JSON.parse(localStorage.getItem("ferrobase-session")).token);
