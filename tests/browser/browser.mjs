// A browser that notices what a person would not: faults in the console, strangers on the network,
// pages that some cannot use.

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 360, height: 740 };
const SIZES = [NARROW, { width: 768, height: 1024 }, WIDE, { width: 1800, height: 1000 }];
const THEMES = ["light", "dark"];

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** A folder for pictures of everything; without one there are none. */
const pictures = process.env.SCREENSHOTS;

export async function open(url) {
  const executablePath = process.env.CHROMIUM;
  assert.ok(executablePath, "CHROMIUM names no browser: run scripts/browser.sh");
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const context = await browser.newContext({ viewport: WIDE, reducedMotion: "reduce", locale: "en-GB", timezoneId: "UTC" });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  if (process.env.DASHBOARD) await replacePages(page, url, process.env.DASHBOARD);
  if (pictures) await mkdir(pictures, { recursive: true });
  return { page, watch: watch(page, url), close: () => browser.close() };
}

/** Writes down what went wrong since it was last asked. */
function watch(page, url) {
  let faults = [];
  let refusals = [];
  page.on("pageerror", (error) => faults.push(`thrown: ${error.stack}`));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== url) faults.push(`asks another host: ${request.url()}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) refusals.push(response.status());
  });
  page.on("console", (message) => {
    // Each refusal is told twice; here it is the answer that counts.
    const isRefusal = message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !isRefusal) faults.push(`console: ${message.text()}`);
  });
  return {
    /** The statuses above 400 that were answered, and only those, in any order and number. */
    expect(...statuses) {
      const [found, answered] = [faults, new Set(refusals)];
      [faults, refusals] = [[], []];
      assert.deepEqual(found, []);
      assert.deepEqual([...answered].sort(), statuses.sort());
    },
  };
}

/** The page as it is, in both themes, for everybody; then it is wide again. What stands in the
    sidebar is there at one width only, which `only` names. */
export async function look(page, name, only) {
  const main = only ?? WIDE;
  for (const colorScheme of THEMES) {
    await paint(page, colorScheme);
    await page.setViewportSize(main);
    await audit(page, `${name}, ${colorScheme}`);
    if (pictures) await picture(page, `${name}-${colorScheme}`, only ? [only] : SIZES);
  }
  if (!only) {
    await page.setViewportSize(NARROW);
    await audit(page, `${name}, narrow`);
  }
  await fits(page, name);
  await paint(page, "light");
  await page.setViewportSize(WIDE);
}

async function paint(page, colorScheme) {
  await page.emulateMedia({ colorScheme });
  await painted(page, colorScheme);
}

/** The browser answers before the page has its new colours. */
export async function painted(page, theme) {
  await page.waitForFunction((wanted) => {
    const [red] = getComputedStyle(document.documentElement).color.match(/\d+/);
    return red > 128 === (wanted === "dark");
  }, theme);
}

/** Throws what a step threw, with a picture where there are pictures. */
export async function failure(page, error) {
  if (pictures) await page.screenshot({ path: join(pictures, "failure.png") });
  throw error;
}

async function audit(page, where) {
  await settled(page);
  // Not a script of the page: its policy would refuse one, and rightly.
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    // Below a modal lies what was looked at before it opened.
    const shown = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document;
    const { violations } = await window.axe.run(shown, { resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`) }));
  });
  assert.deepEqual(violations, [], `axe: ${where}`);
}

/** Colours that are still on their way to the other theme have a contrast of their own. */
function settled(page) {
  return page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
  });
}

/** Neither the page nor a dialog scrolls sideways. */
async function fits(page, where) {
  const wide = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll("dialog[open], dialog[open] .body")]
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map((element) => `${element.tagName} ${element.className}: ${element.scrollWidth} > ${element.clientWidth}`),
  );
  assert.deepEqual(wide, [], `too wide: ${where}`);
}

async function picture(page, name, sizes) {
  for (const size of sizes) {
    await page.setViewportSize(size);
    await settled(page);
    const fullPage = (await page.locator("dialog[open]").count()) === 0;
    await page.screenshot({ path: join(pictures, `${name}-${size.width}.png`), fullPage, caret: "initial" });
  }
}

/** Serves the pages of a folder in the place of those in the executable, under the same policy. */
async function replacePages(page, url, folder) {
  const policy = (await fetch(`${url}/_/`)).headers.get("content-security-policy");
  const types = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" };
  await page.route(`${url}/_/**`, async (route) => {
    const name = new URL(route.request().url()).pathname.slice("/_/".length) || "index.html";
    const headers = { "content-type": types[name.split(".").pop()], "content-security-policy": policy };
    await route.fulfill({ body: await readFile(join(folder, name)), headers });
  });
}
