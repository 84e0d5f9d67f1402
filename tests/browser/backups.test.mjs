// Backups: made, fetched, taken from elsewhere, put back. Called `backups.test.mjs` it is one of the
// suite; until the server has these endpoints it is run by its name.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { look } from "./browser.mjs";
import { request } from "./server.mjs";
import { button, dialog, go, heading, page, root, server, signedIn, step, toasted, tokenOfPage } from "./steps.mjs";

const row = (name) => page.getByRole("row", { name });
const menu = async (key, item) => {
  await button(`More for ${key}`).click();
  await page.getByRole("menuitem", { name: item }).click();
};

let archive;

step("without a backup the page says what to do, and one is made", async () => {
  await signedIn("/backups", "Backups");
  await page.getByText("No backups yet").waitFor();
  await look(page, "backups-empty");
  await button("Make a backup").click();
  await page.getByLabel("Name").fill("Not allowed");
  await button("Make it").click();
  await page.getByText("Only small letters", { exact: false }).first().waitFor();
  await look(page, "backups-make");
  await page.getByLabel("Name").fill("before_the_tour");
  await button("Make it").click();
  await toasted("The backup is complete.");
  await row(/^before_the_tour\.zip/).waitFor();
  await look(page, "backups");
});

step("a name that is taken is refused, and nothing is asked of the server", async () => {
  await button("Make a backup").click();
  await page.getByLabel("Name").fill("before_the_tour.zip");
  await button("Make it").click();
  await page.getByText("There is a backup of that name.").waitFor();
  await dialog("Make a backup").getByRole("button", { name: "Cancel" }).click();
});

step("a backup is fetched with a token, deleted, and taken back from a file", async () => {
  const coming = page.waitForEvent("download");
  await button("Download before_the_tour.zip").click();
  const download = await coming;
  assert.equal(download.suggestedFilename(), "before_the_tour.zip");
  archive = await readFile(await download.path());
  assert.equal(archive.subarray(0, 2).toString(), "PK");
  await menu("before_the_tour.zip", "Delete…");
  await look(page, "backups-delete");
  await dialog("Delete this backup?").getByRole("button", { name: "Delete", exact: true }).click();
  await page.getByText("No backups yet").waitFor();
  await page.getByLabel("A backup to upload").setInputFiles({ name: "letter.txt", mimeType: "text/plain", buffer: Buffer.from("Hello") });
  await toasted("letter.txt is no backup: those are .zip files.");
  await page.getByLabel("A backup to upload").setInputFiles({ name: "letter.zip", mimeType: "application/zip", buffer: Buffer.from("Hello") });
  await page.getByText(/^letter\.zip: /).waitFor();
  const dropped = await page.evaluateHandle((bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([Uint8Array.from(bytes)], "from_elsewhere.zip", { type: "application/zip" }));
    return data;
  }, [...archive]);
  await page.dispatchEvent(".zone", "dragenter", { dataTransfer: dropped });
  await page.getByText("Drop the backup here").waitFor();
  await page.dispatchEvent(".zone", "drop", { dataTransfer: dropped });
  await toasted("from_elsewhere.zip is there.");
  await row(/^from_elsewhere\.zip/).waitFor();
}, [400]);

step("a backup is put back once its name is typed, and the page waits for the server", async () => {
  const token = await tokenOfPage();
  const twin = { email: "twin@example.com", password: "another horse battery", passwordConfirm: "another horse battery" };
  await request(server.url, "POST", "collections/_superusers/records", twin, token);
  await menu("from_elsewhere.zip", "Restore…");
  const asked = dialog("Restore this backup?");
  assert.ok(await asked.getByRole("button", { name: "Restore", exact: true }).isDisabled(), "the name is not typed yet");
  await look(page, "backups-restore");
  await asked.getByLabel("To go on, type the name of the backup").fill("from_elsewhere.zip");
  await asked.getByRole("button", { name: "Restore", exact: true }).click();
  await dialog("Restoring").getByText("The server starts anew …").waitFor();
  await button("Load the dashboard anew").waitFor({ timeout: 45_000 });
  await look(page, "backups-restored");
  await button("Load the dashboard anew").click();
  await page.locator("h1").first().waitFor();
  const signIn = (who) => request(server.url, "POST", "collections/_superusers/auth-with-password", { identity: who.email, password: who.password });
  assert.ok((await signIn(root)).token);
  await assert.rejects(signIn(twin), "who came after the backup is not there");
});

step("backups that cannot be read say so, and so does one that cannot be made", async () => {
  await go("/");
  await heading("Overview").waitFor();
  await page.route("**/api/backups", (route) => route.fulfill({ status: 503, body: "" }));
  await go("/backups");
  await page.getByText("The backups could not be read").waitFor();
  await look(page, "backups-failed");
  await page.unroute("**/api/backups");
  await button("Try again").click();
  await row(/^from_elsewhere\.zip/).waitFor();
  await page.route("**/api/backups", (route) =>
    route.request().method() === "POST" ? route.fulfill({ status: 400, json: { status: 400, message: "Another backup is being made.", data: {} } }) : route.continue(),
  );
  await button("Make a backup").click();
  await button("Make it").click();
  await toasted("No backup was made: Another backup is being made.");
}, [400, 503]);
