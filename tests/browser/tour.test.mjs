// One tour of the dashboard, in the order in which a person meets it.

import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";

import { look, NARROW, painted, WIDE } from "./browser.mjs";
import { client } from "./server.mjs";
import { arrived, button, dialog, go, heading, page, place, server, step, toasted } from "./steps.mjs";

const root = { email: "root@example.com", password: "correct horse battery" };
const renewed = "another horse battery";

let other;

const row = (name) => page.getByRole("row", { name });
const field = (name) => page.locator(`[data-field="${name}"]`);
const table = () => page.getByRole("table", { name: "Records of articles" });
const rows = (count) => page.waitForFunction((wanted) => document.querySelectorAll("tbody a.open").length === wanted, count);
const params = () => Object.fromEntries(new URLSearchParams(place().split("?")[1]));

/** A picture with a colour of its own. */
function picture(name, ...colour) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const size = 64;
  const line = Buffer.from([0, ...Array.from({ length: size }, () => colour).flat()]);
  const head = Buffer.from([0, 0, 0, size, 0, 0, 0, size, 8, 2, 0, 0, 0]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: size }, () => line)));
  const parts = [Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", head), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))];
  return { name, mimeType: "image/png", buffer: Buffer.concat(parts) };
}

/** The sum of PNG; the library's own came after Node 20. */
function crc32(bytes) {
  let sum = ~0;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}

const letter = (name, length = 20) => ({ name, mimeType: "text/plain", buffer: Buffer.alloc(length, "a") });

/** Presses Tab as often as it takes; nothing else moves the focus. */
async function tabTo(target) {
  for (let tries = 0; tries < 60; tries++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the keyboard does not reach ${target}`);
}

step("the set-up link makes the first superuser", async () => {
  await page.goto(server.link);
  await heading("Make the first superuser").waitFor();
  await look(page, "set-up");
  await button("Make superuser").click();
  await page.getByText("Enter", { exact: false }).first().waitFor();
  await look(page, "set-up-faults");
  await page.getByLabel("E-mail address").fill(root.email);
  await page.getByLabel("Password", { exact: true }).fill(root.password);
  await page.getByLabel("Password once more").fill(root.password);
  await button("Make superuser").click();
  await heading("That was all").waitFor();
  assert.ok(!page.url().includes(server.link.split("/").pop()), "the token left the address");
  await look(page, "set-up-done");
  await button("Go to the dashboard").click();
  await heading("Overview").waitFor();
});

step("the overview lists the collections", async () => {
  await page.getByRole("table", { name: "Collections" }).getByRole("link", { name: "articles", exact: true }).waitFor();
  await look(page, "overview");
});

step("on a phone the menu opens above the page", async () => {
  await page.setViewportSize(NARROW);
  await button("Open the menu").click();
  await dialog("Menu").getByRole("link", { name: "articles" }).waitFor();
  await look(page, "menu", NARROW);
});

step("a definition shows rules as written and what they expand to", async () => {
  await go("/collections/articles/definition");
  await heading("articles").waitFor();
  await page.getByText("author' && $owner").first().waitFor();
  await row(/^author /).getByText("immutable", { exact: true }).first().waitFor();
  await row(/^note /).getByText("server", { exact: true }).first().waitFor();
  await look(page, "definition");
  await page.getByText("Expands to").first().click();
  await page.getByText("@request.auth.collectionName").first().waitFor();
  await look(page, "definition-expanded");
});

step("accounts and views have their own parts of a definition", async () => {
  await go("/collections/members/definition");
  await heading("members").waitFor();
  await look(page, "definition-accounts");
  await go("/collections/topic_stats/definition");
  await heading("topic_stats").waitFor();
  await page.getByText("GROUP BY").first().waitFor();
  await look(page, "definition-view");
});

step("the keyboard alone signs in, opens a record, changes and saves it", async () => {
  await go("/");
  await heading("Overview").waitFor();
  await page.reload();
  await heading("Overview").waitFor();
  await tabTo(button(`Account ${root.email}`));
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Sign out" }).waitFor();
  await look(page, "account-menu", WIDE);
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await heading("Sign in").waitFor();
  await look(page, "sign-in");

  await tabTo(page.getByLabel("E-mail address"));
  await page.keyboard.type(root.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await look(page, "sign-in-refused");
  await tabTo(page.getByLabel("Password", { exact: true }));
  await page.keyboard.press("Control+A");
  await page.keyboard.type(root.password);
  await page.keyboard.press("Enter");
  await heading("Overview").waitFor();

  await tabTo(page.getByRole("table", { name: "Collections" }).getByRole("link", { name: "topics", exact: true }));
  await page.keyboard.press("Enter");
  const weather = page.getByRole("link", { name: /Weather/ });
  await weather.waitFor();
  await tabTo(weather);
  await page.keyboard.press("Enter");
  const name = dialog("Weather").getByRole("textbox", { name: /^name/ });
  await name.waitFor();
  await page.waitForFunction(() => document.activeElement?.matches("dialog [data-field=name] textarea"));
  await page.keyboard.press("End");
  await page.keyboard.type(" report");
  await page.keyboard.press("Control+S");
  await toasted("Record saved");
  await page.keyboard.press("Escape");
  await dialog(/Weather/).waitFor({ state: "detached" });
  await page.getByRole("link", { name: /Weather report/ }).waitFor();
}, [400]);

step("a record is made with a value in every field", async () => {
  other = await client(server.url, root.email, root.password);
  await go("/collections/articles?perPage=20");
  await rows(20);
  await look(page, "records");
  await page.getByRole("link", { name: "New", exact: true }).click();
  const form = dialog("New record in articles");
  await form.getByRole("textbox", { name: /^title/ }).waitFor();
  await look(page, "record-new");

  await field("title").getByRole("textbox").fill("Ab");
  await field("summary").getByRole("textbox").fill("In short");
  await field("body").getByRole("textbox").fill("<p>Rain <b>again</b></p>");
  await field("words").getByRole("textbox").fill("12");
  await field("rating").getByRole("textbox").fill("3.5");
  await field("featured").getByRole("switch").check();
  await field("contact").getByRole("textbox").fill("ada@example.com");
  await field("source").getByRole("textbox").fill("https://example.com/rain");
  await field("published_at").getByRole("button", { name: "Now" }).click();
  await field("status").getByRole("combobox").selectOption("review");
  await field("channels").getByRole("checkbox", { name: "web" }).check();
  await field("channels").getByRole("checkbox", { name: "radio" }).check();
  await field("place").getByRole("textbox", { name: /^Latitude/ }).fill("52.5");
  await field("place").getByRole("textbox", { name: /^Longitude/ }).fill("13.4");
  await field("passcode").getByRole("textbox").first().fill("sesame!");
  await field("note").getByRole("textbox").fill("Between us");
});

step("a relation is found and chosen with the keyboard", async () => {
  const author = field("author").getByRole("combobox");
  await author.focus();
  await page.keyboard.type("hopper");
  await page.getByRole("option", { name: /Grace Hopper/ }).waitFor();
  await look(page, "record-picker");
  await author.focus();
  await page.keyboard.press("ArrowDown");
  await page.getByRole("option", { name: /Grace Hopper/ }).waitFor();
  await page.keyboard.press("Enter");
  await field("author").getByRole("list").getByText("Grace Hopper").waitFor();
  const topics = field("topics").getByRole("combobox");
  for (const name of ["Rust", "Databases"]) {
    await topics.focus();
    await page.keyboard.type(name);
    await page.getByRole("option", { name: new RegExp(`^${name}`) }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await field("topics").getByRole("list").getByText(name).waitFor();
  }
});

step("broken JSON and a refused field are said where they are", async () => {
  const meta = field("meta").getByRole("textbox");
  await meta.fill('{ "mood": tru }');
  await field("meta").getByRole("button", { name: /^Line 1, column 11/ }).waitFor();
  await button("Create").click();
  await page.waitForFunction(() => document.activeElement?.matches("[data-field=meta] textarea"));
  await look(page, "record-json-fault");
  await meta.fill('{ "mood": true }');
  await button("Create").click();
  await field("title").locator(".error").waitFor();
  await page.waitForFunction(() => document.activeElement?.matches("[data-field=title] input"));
  await look(page, "record-refused");
  await field("title").getByRole("textbox").fill("About rain");
  await button("Create").click();
  await toasted("Record created");
  await page.getByRole("link", { name: /About rain/ }).waitFor();
  const stored = await other.first("articles", "title = 'About rain'");
  assert.deepEqual(
    [stored.words, stored.rating, stored.featured, stored.status, stored.channels, stored.meta, stored.place, stored.topics.length, stored.note],
    [12, 3.5, true, "review", ["web", "radio"], { mood: true }, { lon: 13.4, lat: 52.5 }, 2, "Between us"],
  );
}, [400]);

step("files are chosen, checked, sent and shown", async () => {
  await page.getByRole("link", { name: /About rain/ }).click();
  const [cover, scans] = [field("cover"), field("scans")];
  const chooser = (of) => of.locator("input[type=file]");
  await cover.waitFor();
  await chooser(cover).setInputFiles(picture("rain cloud.png", 60, 90, 160));
  await cover.locator("canvas:visible").waitFor();
  await chooser(scans).setInputFiles([letter("one.txt"), letter("large.txt", 70_000), picture("two.png", 200, 120, 40)]);
  await scans.getByText("large.txt is too large: 68.4 kB, at most 64 kB.").waitFor();
  await look(page, "record-files");
  await page.keyboard.press("Control+S");
  await toasted("Record saved");
  await page.waitForFunction(() => [...document.querySelectorAll("[data-field] img")].filter((image) => image.naturalWidth > 0).length === 2);

  await scans.getByRole("button", { name: /^Remove one_/ }).click();
  await chooser(scans).setInputFiles(letter("three.txt"));
  await chooser(cover).setInputFiles({ ...letter("no picture.png"), mimeType: "image/png" });
  await page.keyboard.press("Control+S");
  await cover.getByText("accepted are image/*").waitFor();
  await page.waitForFunction(() => document.activeElement?.matches("[data-field=cover] input"));
  await look(page, "record-files-refused");
  await cover.getByRole("button", { name: "Remove no picture.png" }).click();
  await page.keyboard.press("Control+S");
  await scans.getByRole("link", { name: /three_/ }).waitFor();
  const stored = await other.first("articles", "title = 'About rain'");
  assert.match(stored.cover, /^rain_cloud_\w+\.png$/);
  assert.deepEqual(stored.scans.map((name) => name.replace(/_\w+/, "")), ["two.png", "three.txt"]);
  await page.keyboard.press("Escape");
  await dialog("About rain").waitFor({ state: "detached" });

  const shown = `/collections/articles?filter=${encodeURIComponent("title = 'About rain'")}&columns=title,cover,scans`;
  await go(shown);
  await rows(1);
  await page.waitForFunction(() => [...document.querySelectorAll("td img")].filter((image) => image.naturalWidth > 0).length === 2);
  await look(page, "records-files");
  const link = page.getByRole("link", { name: /^Open two_/ });
  const [opened] = await Promise.all([page.waitForEvent("popup"), link.click()]);
  await opened.waitForLoadState();
  assert.match(opened.url(), /two_\w+\.png\?token=/);
  await opened.close();
  await go("/collections/articles?perPage=20");
  await rows(20);
}, [400]);

step("an untouched copy closes at once, a changed one asks first", async () => {
  await page.getByRole("link", { name: /About rain/ }).click();
  await dialog("About rain").getByRole("button", { name: "JSON" }).click();
  await look(page, "record-as-json");
  await button("More for this record").click();
  await page.getByRole("menuitem", { name: "Duplicate" }).click();
  await field("title").getByRole("textbox").waitFor();
  assert.ok(place().startsWith("#/collections/articles/new?") && params().copy, place());
  await page.keyboard.press("Escape");
  await dialog(/New record/).waitFor({ state: "detached" });

  await page.getByRole("link", { name: /About rain/ }).click();
  await field("title").getByRole("textbox").fill("About snow");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.textContent?.trim() === "Keep editing");
  await look(page, "record-discard");
  await button("Keep editing").click();
});

step("what somebody else saved first is put beside one's own", async () => {
  const { id } = await other.first("articles", "title = 'About rain'");
  await other.update("articles", id, { title: "About hail", words: 99 });
  await button("Save").click();
  const conflict = dialog("Somebody else saved this record");
  await conflict.getByText("changed by both", { exact: true }).waitFor();
  await look(page, "conflict");
  await conflict.getByRole("radio", { name: /Theirs/ }).first().check();
  await field("title").waitFor({ state: "attached" });
  await conflict.getByRole("radio", { name: /Mine About snow/ }).check();
  await conflict.getByRole("button", { name: "Save the chosen" }).click();
  await toasted("Record saved");
  const stored = await other.first("articles", `id = '${id}'`);
  assert.deepEqual([stored.title, stored.words], ["About snow", 99]);
});

step("words and filters narrow the table, and a wrong one says why", async () => {
  const box = page.getByRole("textbox", { name: "Search or filter" });
  await box.fill("rating >");
  await page.keyboard.press("Enter");
  await page.getByText("This filter does not work").waitFor();
  await look(page, "records-bad-filter");
  await box.fill("snow");
  await rows(1);
  await look(page, "records-found");
  await box.fill("nothing like it");
  await page.getByText("Nothing matches").waitFor();
  await look(page, "records-none");
  await box.fill("status = 'published' && rating > 1");
  await page.keyboard.press("Enter");
  await arrived((at) => at.get("filter") === "status = 'published' && rating > 1");
  await table().waitFor();
}, [400]);

step("order, columns and page are in the address, and a reload keeps them", async () => {
  await button("Clear the filter").click();
  await rows(20);
  await button("title", false).first().click();
  await arrived((at) => at.get("sort") === "title");
  await button("title", false).first().click();
  await arrived((at) => at.get("sort") === "-title");
  assert.equal(await page.getByRole("columnheader", { name: "title" }).getAttribute("aria-sort"), "descending");
  await button(/^Columns/).click();
  await dialog("Columns").waitFor();
  await look(page, "records-columns");
  await dialog("Columns").getByRole("checkbox", { name: "words" }).uncheck();
  await page.keyboard.press("Escape");
  await arrived((at) => at.get("columns") && !at.get("columns").split(",").includes("words"));
  await page.getByRole("combobox", { name: "Rows per page" }).selectOption("50");
  await rows(50);
  const first = () => page.locator("a.open").first().textContent();
  const ofFirstPage = await first();
  await button("Next page").click();
  await arrived((at) => at.get("page") === "2");
  await page.getByRole("status").filter({ hasText: "51–100" }).waitFor();
  // The rows of the first page stand until those of the second are there.
  await page.locator("a.open").first().filter({ hasNotText: ofFirstPage }).waitFor();
  const before = [place(), await first()];
  await page.reload();
  await rows(50);
  assert.deepEqual([place(), await first()], before);
  assert.equal(await page.getByRole("columnheader", { name: "words" }).count(), 0);
});

step("a deletion counts what goes along", async () => {
  await go(`/collections/articles?filter=${encodeURIComponent("title = 'Hello'")}`);
  await rows(1);
  await page.getByRole("link", { name: /Hello/ }).click();
  await button("More for this record").click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await page.getByText("1 record of comments goes as well").waitFor();
  await page.waitForFunction(() => document.activeElement?.textContent?.trim() === "Cancel");
  await look(page, "delete-one");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await dialog("Hello").waitFor({ state: "detached" });
});

step("many are deleted at once, their number typed first", async () => {
  await go("/collections/articles?perPage=20");
  await rows(20);
  await page.getByRole("checkbox", { name: "All rows of this page" }).check();
  await look(page, "records-chosen");
  await page.getByRole("region", { name: "Chosen records" }).getByRole("button", { name: /^Choose all/ }).click();
  await button("Delete…").click();
  const asked = dialog(/^Delete 122 records/);
  await asked.getByLabel("Type 122 to go on").waitFor();
  await look(page, "delete-many");
  await asked.getByRole("button", { name: "Cancel" }).click();
  await button("Clear").click();
  await page.getByRole("checkbox", { name: /^Choose / }).nth(0).check();
  await page.getByRole("checkbox", { name: /^Choose / }).nth(2).check();
  await button("Delete…").click();
  await dialog(/^Delete 2 records/).getByRole("button", { name: "Delete 2 records" }).click();
  await page.getByText("of 120").waitFor();
});

step("a table says that it loads, fails, is refused or is empty", async () => {
  const records = "**/api/collections/comments/records*";
  let answer;
  const answered = new Promise((resolve) => (answer = resolve));
  await page.route(records, async (route) => {
    await answered;
    await route.fulfill({ status: 403, json: { message: "Only superusers can do this." } });
  });
  await go("/collections/comments");
  await page.locator("table[aria-busy=true]").waitFor();
  await look(page, "records-loading");
  answer();
  await page.getByText("You may not see these records").waitFor();
  await look(page, "records-refused");
  await page.unroute(records);
  await page.route(records, (route) => route.fulfill({ status: 503, body: "" }));
  await button("Refresh").click();
  await page.getByText("The records could not be read").waitFor();
  await look(page, "records-failed");
  await page.unroute(records);
  await button("Try again").click();
  await page.getByRole("link", { name: /Open/ }).first().waitFor();
  await go("/collections/drafts");
  await page.getByText("No records yet").waitFor();
  await look(page, "records-empty");
}, [403, 503]);

step("a view is read only", async () => {
  await go("/collections/topic_stats");
  await rows(3);
  await page.locator("a.open").first().click();
  await page.getByText("A view cannot be written").waitFor();
  await look(page, "record-of-a-view");
  await page.keyboard.press("Escape");
  await page.getByText("A view cannot be written").waitFor({ state: "detached" });
});

step("the configuration shows warnings, what is parked, and a file that is broken", async () => {
  await go("/config");
  await page.getByText("no file matches").waitFor();
  await look(page, "config");
  await server.edit((text) => text.replace(/\[collections\.drafts\]\n.*\n/, "").replace(/^summary .*\n/m, ""), /Applied\./);
  await button("Read again").click();
  await heading("Parked").waitFor();
  await page.getByText("articles.summary", { exact: true }).first().waitFor();
  await look(page, "config-parked");
  await server.edit((text) => text.replace('"bool"', '"boool"'), /goes on with the old/);
  await button("Read again").click();
  await page.getByText("did you mean `bool`").waitFor();
  await look(page, "config-broken");
  await server.edit((text) => text.replace('"boool"', '"bool"'), /the database is as it says/);
});

step("the inbox shows mails as their receivers see them", async () => {
  const subject = page.getByRole("link", { name: "Please verify your e-mail for The Tour" });
  // The superuser signed in from two places, which is told.
  await go("/mail");
  await page.getByRole("link", { name: "New sign-in to The Tour" }).waitFor();
  await other.emptyInbox();
  await button("Look again").click();
  await page.getByText("No mail", { exact: true }).waitFor();
  await look(page, "mail-empty");
  await other.sendMail("verification");
  await other.sendMail("otp");
  await button("Look again").click();
  await subject.waitFor();
  await look(page, "mail");
  await subject.click();
  await page.frameLocator("iframe").getByRole("link", { name: "Verify" }).waitFor();
  await look(page, "mail-shown");
  await button("Show as text").click();
  await page.getByText("confirm-verification/example-token").waitFor();
  await look(page, "mail-text");
  await page.keyboard.press("Escape");
  await arrived((_, hash) => hash === "#/mail");
  await button("Empty").click();
  await dialog("Empty the inbox?").getByRole("button", { name: "Empty", exact: true }).click();
  await page.getByText("No mail", { exact: true }).waitFor();
});

step("jobs tell when they run, are started by the keyboard, and show what came of them", async () => {
  const broken = "count what is not there, every quarter of an hour on working days";
  await go("/scheduled");
  await row(/^forget comments 0 3 \* \* \*/).waitFor();
  await page.getByRole("table", { name: /^Of Ferrobase itself/ }).getByRole("link", { name: "__pbDBOptimize__" }).waitFor();
  await tabTo(button("Run now forget comments"));
  await page.keyboard.press("Enter");
  await toasted("forget comments is done.");
  await row(/^forget comments .* done/).waitFor();
  await button(`Run now ${broken}`).click();
  await row(/^count .* failed/).waitFor();
  await look(page, "scheduled");
  await page.getByRole("link", { name: broken }).click();
  await dialog(broken).getByRole("listitem").filter({ hasText: "by hand" }).getByText("no such table: nowhere").waitFor();
  await dialog(broken).getByText("*/15 8-17 * * 1-5").waitFor();
  await look(page, "scheduled-runs");
  await page.keyboard.press("Escape");
  await arrived((_, hash) => hash === "#/scheduled");
  await page.route("**/api/crons?*", (route) => route.fulfill({ status: 503, body: "" }));
  await button("Look again").click();
  await page.getByText("The jobs could not be read").waitFor();
  await look(page, "scheduled-failed");
  await page.unroute("**/api/crons?*");
  await button("Try again").click();
  await row(/^forget comments/).waitFor();
}, [503]);

step("the links of mails lead to pages that do what they say", async () => {
  const mia = { email: "mia@example.com", password: "an old password", passwordConfirm: "an old password", name: "Mia" };
  await other.create("members", mia);
  await go(await other.linkOf("verification", mia.email));
  await heading("Your address is confirmed").waitFor();
  await look(page, "confirmed");
  const link = await other.linkOf("password-reset", mia.email);
  await go(link);
  await page.getByLabel("New password", { exact: true }).fill("a new password");
  await look(page, "confirm-password");
  await page.getByLabel("New password once more").fill("a new password");
  await button("Set the password").click();
  await heading("Your password is set").waitFor();
  await go("/mail");
  await go(link);
  await page.getByLabel("New password", { exact: true }).fill("a third password");
  await page.getByLabel("New password once more").fill("a third password");
  await button("Set the password").click();
  await heading("This link does not work any more").waitFor();
  await look(page, "confirm-refused");
  await go("/mail");
  await heading("Mail").waitFor();
}, [400]);

step("the theme that was chosen stays", async () => {
  await page.getByRole("radio", { name: "Dark" }).check({ force: true });
  await painted(page, "dark");
  await page.reload();
  await heading("Mail").waitFor();
  await painted(page, "dark");
  await page.getByRole("radio", { name: "As the system" }).check({ force: true });
  await painted(page, "light");
});

step("a session that ended leads to the sign-in page and back to the same place", async () => {
  const at = "/collections/articles?sort=-title&perPage=20&page=2";
  await go(at);
  await rows(20);
  await other.update("_superusers", other.id, { password: renewed, passwordConfirm: renewed });
  await button("Refresh").click();
  await page.getByText("Your session has ended").waitFor();
  await look(page, "session-ended");
  await page.getByLabel("E-mail address").fill(root.email);
  await page.getByLabel("Password", { exact: true }).fill(renewed);
  await button("Sign in").click();
  await rows(20);
  assert.deepEqual(params(), { sort: "-title", perPage: "20", page: "2" });
}, [401]);

step("what is not there says so", async () => {
  await go("/nowhere");
  await heading("There is nothing here").waitFor();
  await look(page, "not-found");
  await go("/collections/nothing");
  await heading("There is no collection “nothing”").waitFor();
  await look(page, "no-collection");
  await go("/collections/topics/records/new");
  await page.getByText("There is no such record").waitFor();
  await look(page, "no-record");
  await page.keyboard.press("Escape");
}, [404]);

step("the set-up link opens nothing any more", async () => {
  await page.goto(server.link);
  await heading("This server is set up").waitFor();
  await look(page, "set-up-used");
});

step("signing out ends at the sign-in page, and nothing is kept", async () => {
  await go("/");
  await button(`Account ${root.email}`).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await heading("Sign in").waitFor();
  assert.equal(await page.evaluate(() => localStorage.getItem("ferrobase-session")), null);
});
