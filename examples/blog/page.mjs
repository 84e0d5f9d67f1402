// The page around blog.mjs: the address after `#` is the slug of the post that is shown.

import PocketBase from "pocketbase";

import * as blog from "./blog.mjs";

const server = new URLSearchParams(location.search).get("server") ?? "http://127.0.0.1:8090";
const pb = new PocketBase(server);
const find = (id) => document.getElementById(id);

/** An element with properties and children; texts stay texts, so nothing is read as HTML. */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Runs an action and shows the server's words if it was refused. */
async function attempt(action) {
  find("complaint").textContent = "";
  try {
    await action();
  } catch (error) {
    const fields = Object.entries(error.response?.data ?? {});
    const reasons = fields.map(([name, { message }]) => `${name}: ${message}`);
    find("complaint").textContent = [error.message, ...reasons].join(" ");
  }
}

function showAccount() {
  const form = find("account");
  if (pb.authStore.isValid) {
    const signOut = () => {
      pb.authStore.clear();
      showAll();
    };
    const button = element("button", { type: "button", onclick: signOut }, "Sign out");
    form.replaceChildren(element("span", {}, pb.authStore.record.name), button);
    return;
  }
  const email = element("input", { type: "email", placeholder: "E-mail", required: true });
  const password = element("input", { type: "password", placeholder: "Password", required: true });
  form.replaceChildren(email, password, element("button", {}, "Sign in"));
  form.onsubmit = (event) => {
    event.preventDefault();
    attempt(async () => {
      await blog.signIn(pb, email.value, password.value);
      await showAll();
    });
  };
}

function summary(post) {
  const by = post.expand?.author?.name ?? "somebody";
  const tags = (post.expand?.tags ?? []).map((tag) => `#${tag.name}`).join(" ");
  return element(
    "article",
    {},
    element("h2", {}, element("a", { href: `#${post.slug}` }, post.title)),
    element("small", {}, `${by} · ${post.count.likes} likes · ${post.count.comments} comments ${tags}`),
  );
}

async function showFrontPage() {
  const posts = await blog.frontPage(pb);
  const items = posts.items.map((post) => {
    const made = summary(post);
    made.append(element("p", {}, post.body));
    return made;
  });
  find("content").replaceChildren(...(items.length ? items : [element("p", {}, "No posts yet.")]));
}

async function showPost(slug) {
  const post = await blog.readPost(pb, slug);
  // The body is HTML that somebody else wrote: it is shown where no script can run.
  const body = element("iframe", { sandbox: "", srcdoc: post.body, title: post.title });
  const comments = post.comments.map(({ text, expand }) =>
    element("p", {}, element("strong", {}, expand?.author?.name ?? "somebody"), ` ${text}`),
  );
  find("content").replaceChildren(summary(post), body, ...comments);
  if (pb.authStore.isValid) {
    find("content").append(answerForm(post));
  }
}

function answerForm(post) {
  const text = element("input", { placeholder: "Say something", required: true });
  const like = () => attempt(async () => {
    await blog.toggleLike(pb, post);
    await showAll();
  });
  const submit = (event) => {
    event.preventDefault();
    attempt(async () => {
      await blog.comment(pb, post, text.value);
      await showAll();
    });
  };
  const button = element("button", { type: "button", onclick: like }, "Like");
  return element("form", { onsubmit: submit }, text, element("button", {}, "Comment"), button);
}

async function showAll() {
  showAccount();
  const slug = decodeURIComponent(location.hash.slice(1));
  await attempt(() => (slug ? showPost(slug) : showFrontPage()));
}

addEventListener("hashchange", showAll);
showAll();
