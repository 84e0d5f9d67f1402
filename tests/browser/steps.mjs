// What a file of steps begins with: a server and a browser of its own. A step builds on those before
// it, so after one that fails the rest is not tried.

import { after, before, test } from "node:test";

import { failure, open } from "./browser.mjs";
import { serve } from "./server.mjs";

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
