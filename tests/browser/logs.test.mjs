// What the server wrote down: found, looked at, followed, deleted. Called `logs.test.mjs` it is one of
// the suite; until the server has these endpoints it is run by its name.

import assert from "node:assert/strict";

import { look } from "./browser.mjs";
import { request } from "./server.mjs";
import { arrived, button, dialog, go, heading, page, place, server, signedIn, step, toasted, tokenOfPage } from "./steps.mjs";

const table = () => page.getByRole("table", { name: /^Entries of the log/ });
const chip = (name) => page.getByRole("button", { name, exact: true });
const line = (text) => table().getByRole("link", { name: text });

/** Looks again until it is there: entries are written some seconds after their requests. */
async function written(text) {
  for (let tries = 0; tries < 40; tries++) {
    if (await line(text).count()) return;
    await button("Look again").click();
    await page.locator("table:not([aria-busy]), .state").first().waitFor();
    await line(text).first().waitFor({ timeout: 500 }).catch(() => undefined);
  }
  assert.fail(`no entry ${text}`);
}

step("requests are listed with their outcome, and the chart says how many there were", async () => {
  await signedIn("/logs", "Logs");
  const token = await tokenOfPage();
  await request(server.url, "PATCH", "settings", { logs: { maxDays: 5, minLevel: 0, logIP: true, logAuthId: true } }, token);
  await request(server.url, "GET", "collections?find=me", undefined, token);
  await request(server.url, "GET", "collections/nowhere/records", undefined, token).catch((error) => assert.equal(error.status, 404));
  await written(/nowhere/);
  await written(/find=me/);
  const chart = page.getByRole("slider", { name: "Entries over time" });
  assert.match(await chart.getAttribute("aria-valuetext"), /entr(y|ies)$/);
  await look(page, "logs");
});

step("chips and filters leave what was asked for, and the address says so", async () => {
  await chip("Errors only").click();
  await line(/find=me/).waitFor({ state: "detached" });
  await line(/nowhere/).first().waitFor();
  await chip("4xx").click();
  await chip("GET").click();
  await chip("Last hour").click();
  await line(/nowhere/).first().waitFor();
  const params = new URLSearchParams(place().split("?")[1]);
  assert.deepEqual(Object.fromEntries(params), { level: "errors", since: "hour", method: "GET", status: "4" });
  await look(page, "logs-chips");
  await chip("5xx").click();
  await page.getByText("Nothing matches").waitFor();
  await look(page, "logs-nothing");
  await button("Show everything").click();
  await line(/find=me/).first().waitFor();
  const box = page.getByLabel("Search or filter");
  await box.fill("find=me");
  await box.fill("data.status = 404");
  await box.press("Enter");
  await line(/find=me/).waitFor({ state: "detached" });
  await box.fill("nothing = ");
  await box.press("Enter");
  await page.getByRole("alert").waitFor();
  await look(page, "logs-bad-filter");
  await box.fill("");
  await line(/find=me/).first().waitFor();
}, [400]);

step("the keyboard walks through the chart and narrows the list to an hour", async () => {
  const chart = page.getByRole("slider", { name: "Entries over time" });
  await chart.focus();
  await page.keyboard.press("Home");
  assert.equal(await chart.getAttribute("aria-valuenow"), "0");
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await arrived((params) => params.has("from") && params.has("to"));
  await line(/find=me/).first().waitFor();
  await page.getByRole("button", { name: /show all times/ }).click();
  await arrived((params) => !params.has("from"));
});

step("an entry is shown with everything about it", async () => {
  await line(/find=me/).first().click();
  const drawer = page.getByRole("dialog");
  await drawer.getByText("find=me").first().waitFor();
  await drawer.getByRole("link", { name: /^_superusers/ }).waitFor();
  await button("Copy the data").waitFor();
  await look(page, "logs-entry");
  const at = place();
  await button("Older").click();
  await arrived((_, hash) => hash !== at && hash.startsWith("#/logs/"));
  await page.keyboard.press("Escape");
  await arrived((_, hash) => hash === "#/logs");
  await go("/logs/nothing");
  await page.getByText("There is no such entry").waitFor();
  await look(page, "logs-no-entry");
  await page.keyboard.press("Escape");
}, [404]);

step("new entries come by themselves while they are followed", async () => {
  await page.getByLabel("Follow").check();
  await request(server.url, "GET", "collections?find=later", undefined, await tokenOfPage());
  await line(/find=later/).first().waitFor({ timeout: 30_000 });
  await page.getByLabel("Follow").uncheck();
});

step("the way to the settings is there, and all logs are deleted after a question", async () => {
  await button("More").click();
  await page.getByRole("menuitem", { name: "Settings of the logs" }).click();
  await page.getByLabel("Days they are kept").waitFor();
  await page.goBack();
  await heading("Logs").waitFor();
  await line(/find=later/).first().waitFor();
  await button("More").click();
  await page.getByRole("menuitem", { name: "Delete all logs…" }).click();
  await look(page, "logs-delete");
  await dialog("Delete all logs?").getByRole("button", { name: "Delete all", exact: true }).click();
  await toasted("All logs are deleted.");
  await line(/find=later/).first().waitFor({ state: "detached" });
});

step("logs that cannot be read say so", async () => {
  await page.route("**/api/logs**", (route) => route.fulfill({ status: 503, body: "" }));
  await button("Look again").click();
  await page.getByText("The logs could not be read").waitFor();
  await look(page, "logs-failed");
  await page.unroute("**/api/logs**");
  await button("Try again").click();
  await page.getByText("The logs could not be read").waitFor({ state: "detached" });
}, [503]);
