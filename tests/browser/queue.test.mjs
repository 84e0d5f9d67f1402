// What the server does after it has answered: what waits, what was given up, and doing it again.

import assert from "node:assert/strict";

import { look } from "./browser.mjs";
import { button, dialog, page, signedIn, step, toasted } from "./steps.mjs";

step("the queue says that nothing waits, and lists what was given up", async () => {
  await signedIn("/queue", "Queue");
  await page.getByText("Nothing waits").waitFor();
  await look(page, "queue-empty");
  const job = (id, more) => ({
    id,
    kind: "mail",
    to: "bob@example.com",
    subject: "Your code",
    state: "dead",
    attempts: 12,
    error: "the mail server does not answer",
    runAt: "2026-01-01 10:00:00.000Z",
    created: "2026-01-01 08:00:00.000Z",
    ...more,
  });
  let dead = [job("a"), job("b", { subject: "Hello" }), job("c", { kind: "webhook", to: "deploy", subject: "articles.update", error: "answered 500" })];
  const waiting = [job("d", { state: "waiting", kind: "webhook", to: "deploy", subject: "articles.create", attempts: 0, error: "" })];
  await page.route("**/api/jobs**", (route) => {
    const url = new URL(route.request().url());
    if (route.request().method() === "GET") {
      const items = url.searchParams.get("state") === "dead" ? dead : waiting;
      return route.fulfill({ json: { items, totalItems: items.length } });
    }
    dead = dead.filter(({ id }) => !url.pathname.includes(`/${id}`));
    return route.fulfill({ status: 204 });
  });
  await button("Look again").click();
  await page.getByRole("list", { name: "Not delivered" }).getByText("for webhook deploy").waitFor();
  await look(page, "queue");
  await button("Mails2").click();
  await button("Forget all…").click();
  await dialog("Forget them all?").getByRole("button", { name: "Forget all", exact: true }).click();
  await toasted("2 jobs forgotten.");
  await button("Mails0").click();
  await button("Try again articles.update").click();
  await toasted("It is tried again.");
  assert.deepEqual(dead, []);
  await page.unroute("**/api/jobs**");
});

step("a queue that cannot be read says so", async () => {
  await page.route("**/api/jobs**", (route) => route.fulfill({ status: 503, body: "" }));
  await button("Look again").click();
  await page.getByText("The queue could not be read").waitFor();
  await look(page, "queue-failed");
  await page.unroute("**/api/jobs**");
  await button("Try again").click();
  await page.getByText("Nothing waits").waitFor();
}, [503]);
