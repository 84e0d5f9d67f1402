// The settings, a section at a time: what the file has a say in, what is saved, what is refused where.

import assert from "node:assert/strict";

import { look } from "./browser.mjs";
import { request } from "./server.mjs";
import { arrived, button, dialog, go, heading, page, place, server, signedIn, step, toasted, tokenOfPage } from "./steps.mjs";

const box = (name) => page.getByRole("textbox", { name, exact: true });
const password = () => page.getByLabel("Password", { exact: true });
const saved = async () => request(server.url, "GET", "settings", undefined, await tokenOfPage());
const section = (name) => page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name }).click();

step("a section shows what is in force, and what the file sets is read-only with the reason", async () => {
  await signedIn("/settings", "Settings");
  await heading("Application").waitFor();
  assert.equal(await box("Name").inputValue(), "The Tour");
  assert.ok(await button("Save").isDisabled(), "nothing to save yet");
  await look(page, "settings-application");
  assert.notEqual(await box("Name").getAttribute("readonly"), null);
  await page.getByText("Set in config.toml", { exact: true }).waitFor();
  await box("Address of the sender").fill("hello@example.com");
  await button("Save").click();
  await toasted("Application: saved.");
  assert.deepEqual((await saved()).meta.senderAddress, "hello@example.com");
});

step("what is wrong stands at its field, and the focus goes there", async () => {
  await box("Accent colour").fill("red");
  await box("Address of the sender").fill("nobody");
  await page.keyboard.press("Control+S");
  const sender = box("Address of the sender");
  await page.getByText("Must be an e-mail address, such as name@example.com.").waitFor();
  assert.equal(await sender.getAttribute("aria-invalid"), "true");
  assert.equal(await box("Accent colour").getAttribute("aria-invalid"), "true");
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
  await look(page, "settings-faults");
  await sender.fill("hello@example.com");
  await box("Accent colour").fill("#336699");
  // The page said the same of the save before, and may still do so.
  const accepted = page.waitForResponse((response) => response.request().method() === "PATCH" && response.ok());
  await page.keyboard.press("Control+S");
  await accepted;
  await toasted("Application: saved.");
  assert.equal((await saved()).meta.accentColor, "#336699");
}, [400]);

step("what is not saved is not left without a question", async () => {
  await box("Name of the sender").fill("Somebody");
  await section("Mail");
  await dialog("Discard the changes?").getByRole("button", { name: "Keep editing" }).click();
  assert.equal(place(), "#/settings");
  assert.equal(await box("Name of the sender").inputValue(), "Somebody");
  await button("Discard").click();
  assert.equal(await box("Name of the sender").inputValue(), "Support");
  await section("Mail");
  await arrived((_, hash) => hash === "#/settings/mail");
});

step("a mail server is set, its password is never shown, kept, and taken away", async () => {
  await heading("Mail").waitFor();
  await look(page, "settings-mail-off");
  await page.getByLabel("To", { exact: true }).fill("me@example.com");
  await button("Send a test mail").click();
  await page.getByText("for no mail server is set", { exact: false }).waitFor();
  await page.getByLabel("Send mails by SMTP").check();
  await box("Host").fill("localhost");
  await page.getByLabel("Port").fill("1");
  await page.getByLabel("User name").fill("ann");
  await password().fill("s3cret");
  assert.ok(await button("Send a test mail").isDisabled(), "the test goes by what is saved");
  await button("Save").click();
  await toasted("Mail: saved.");
  await look(page, "settings-mail");
  assert.equal(await password().inputValue(), "");
  assert.deepEqual((await saved()).smtp, { enabled: true, port: 1, host: "localhost", username: "ann", authMethod: "", tls: false, localName: "" });
  await page.getByLabel("No password").check();
  assert.ok(await password().isDisabled());
  await button("Save").click();
  await button("Save").waitFor();
  await page.getByText("Leave it empty to keep the one that is set", { exact: false }).waitFor();
  await button("Send a test mail").click();
  await page.getByRole("alert").waitFor();
  await look(page, "settings-mail-refused");
  await page.getByLabel("Send mails by SMTP").uncheck();
  await button("Save").click();
  await page.getByText("and the links in them work", { exact: false }).waitFor();
}, [400]);

step("a bucket has all its parts or is refused", async () => {
  await section("Files");
  await heading("Files").waitFor();
  await page.getByLabel("Keep files in a bucket").check();
  await box("Bucket").fill("photos");
  await button("Save").click();
  await page.waitForFunction(() => document.querySelectorAll('[aria-invalid="true"]').length >= 4);
  await look(page, "settings-files");
  await button("Discard").click();
  await box("Bucket").waitFor({ state: "detached" });
}, [400]);

step("limits are edited by the keyboard, and what conflicts is said at its row", async () => {
  await server.edit((text) => text.replace(/\[limits\]\n.*\n/, ""), /Applied\.|as it says/);
  await go("/settings/limits");
  await page.reload();
  await heading("Limits").first().waitFor();
  await button("Add a limit").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.type("*:create");
  await page.keyboard.press("Control+S");
  await page.getByText("There is a limit for *:create already.").waitFor();
  await look(page, "settings-limits");
  await page.getByLabel("Requests to").last().fill("comments:create");
  await page.getByLabel("Of").last().selectOption("guests");
  await page.getByLabel("At most").last().fill("7");
  await page.getByLabel("In seconds").last().fill("30");
  await button("Save").click();
  await toasted("Limits: saved.");
  const before = (await saved()).rateLimits.rules;
  assert.deepEqual(before.at(-1), { label: "comments:create", audience: "@guest", duration: 30, maxRequests: 7 });
  await button("Remove comments:create").focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label")?.startsWith("Remove "));
  await page.getByLabel("Addresses without limits").fill("10.0.0.0/8\nnowhere");
  await button("Save").click();
  await page.getByText("nowhere: ", { exact: false }).waitFor();
  await page.getByLabel("Addresses without limits").fill("10.0.0.0/8");
  await page.keyboard.press("Control+S");
  await page.getByText("Not saved yet").waitFor({ state: "detached" });
  const after = (await saved()).rateLimits;
  assert.equal(after.rules.length, before.length - 1);
  assert.deepEqual(after.excludedIPs, ["10.0.0.0/8"]);
}, [400]);

step("nobody locks superusers out unawares", async () => {
  await section("Network");
  await heading("Network").waitFor();
  await page.getByText("You come from 127.0.0.1", { exact: false }).waitFor();
  await page.getByLabel("Addresses of superusers").fill("10.0.0.0/8");
  await page.getByText("which is not among these", { exact: false }).waitFor();
  await look(page, "settings-network");
  await button("Save").click();
  await look(page, "settings-lock-out");
  await dialog("You may lock yourself out").getByRole("button", { name: "Cancel" }).click();
  assert.deepEqual((await saved()).superuserIPs, []);
  await page.getByLabel("Addresses of superusers").fill("10.0.0.0/8\n127.0.0.0/8");
  await button("Save").click();
  await toasted("Network: saved.");
  assert.deepEqual((await saved()).superuserIPs, ["10.0.0.0/8", "127.0.0.0/8"]);
});

step("batch, logs and backups are set", async () => {
  await section("Batch");
  await page.getByLabel("Open POST /api/batch").check();
  await page.getByLabel("Writes in one batch").fill("20");
  await look(page, "settings-batch");
  await button("Save").click();
  await toasted("Batch: saved.");
  await section("Logs");
  await page.getByLabel("Days they are kept").fill("0");
  await page.getByText("those that are there are deleted", { exact: false }).waitFor();
  await page.getByLabel("Days they are kept").fill("9");
  await page.getByLabel("What is kept").selectOption("Errors alone");
  await look(page, "settings-logs");
  await button("Save").click();
  await toasted("Logs: saved.");
  await section("Backups");
  await page.getByLabel("Schedule").selectOption("Another time");
  await page.getByLabel("Expression").fill("every day");
  await button("Save").click();
  await page.getByText("Is no schedule", { exact: false }).waitFor();
  await look(page, "settings-backups");
  await page.getByLabel("Expression").fill("30 2 * * 1-5");
  await page.getByLabel("How many are kept").fill("4");
  await button("Save").click();
  await toasted("Backups: saved.");
  const { batch, logs, backups } = await saved();
  assert.deepEqual([batch.enabled, batch.maxRequests, logs.maxDays, logs.minLevel], [true, 20, 9, 8]);
  assert.deepEqual([backups.cron, backups.cronMaxKeep], ["30 2 * * 1-5", 4]);
}, [400]);

step("settings that cannot be read say so", async () => {
  await page.route("**/api/settings", (route) => route.fulfill({ status: 503, body: "" }));
  await go("/");
  await heading("Overview").waitFor();
  await go("/settings/mail");
  await page.getByText("The settings could not be read").waitFor();
  await look(page, "settings-failed");
  await page.unroute("**/api/settings");
  await button("Try again").click();
  await page.getByLabel("Send mails by SMTP").waitFor();
  await go("/settings/nothing");
  await heading("There is nothing here").waitFor();
}, [503]);
