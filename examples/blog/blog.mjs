// What the blog does, without a page: every function takes a pocketbase client first.
// The page (page.mjs) and the client tests use the same functions.

/** Published posts, newest first, with author, tags, an excerpt, and counts of likes and comments. */
export async function frontPage(pb, page = 1) {
  const posts = await pb.collection("posts").getList(page, 10, {
    filter: "status = 'published'",
    sort: "-published_at,-created",
    expand: "author,tags",
    fields: "*,body:excerpt(200,true)",
  });
  return { ...posts, items: await withCounts(pb, posts.items) };
}

/** One post by its slug, whole, with author, tags, comments and their authors. */
export async function readPost(pb, slug) {
  const filter = pb.filter("slug = {:slug}", { slug });
  const post = await pb.collection("posts").getFirstListItem(filter, { expand: "author,tags" });
  const comments = await pb.collection("comments").getFullList({
    filter: pb.filter("post = {:post}", { post: post.id }),
    sort: "created",
    expand: "author",
  });
  const [counted] = await withCounts(pb, [post]);
  return { ...counted, comments };
}

/** Posts whose title holds the words. */
export function search(pb, words) {
  const filter = pb.filter("status = 'published' && title ~ {:words}", { words });
  return pb.collection("posts").getList(1, 20, { filter, expand: "author", skipTotal: true });
}

/** Makes an account and signs in. New accounts are readers; the server sees to that. */
export async function signUp(pb, { email, password, name }) {
  await pb.collection("users").create({ email, password, passwordConfirm: password, name });
  return signIn(pb, email, password);
}

export function signIn(pb, email, password) {
  return pb.collection("users").authWithPassword(email, password);
}

/** Writes a post as the signed-in author: a draft until it is published. */
export function writePost(pb, { title, slug, body }) {
  return pb.collection("posts").create({ title, slug, body });
}

export function publish(pb, post) {
  return pb.collection("posts").update(post.id, { status: "published", published_at: new Date() });
}

/** The signed-in author's own drafts. */
export function drafts(pb) {
  const filter = pb.filter("author = {:me} && status = 'draft'", { me: pb.authStore.record.id });
  return pb.collection("posts").getFullList({ filter, sort: "-updated" });
}

export function comment(pb, post, text) {
  return pb.collection("comments").create({ post: post.id, text }, { expand: "author" });
}

/** Likes a post, or takes the like back. Answers whether it is liked now. */
export async function toggleLike(pb, post) {
  const mine = pb.filter("post = {:post} && user = {:me}", {
    post: post.id,
    me: pb.authStore.record.id,
  });
  const [like] = (await pb.collection("likes").getList(1, 1, { filter: mine })).items;
  if (like) {
    await pb.collection("likes").delete(like.id);
    return false;
  }
  await pb.collection("likes").create({ post: post.id });
  return true;
}

/** Adds `likes` and `comments` from the post_stats view, in one request for all posts. */
async function withCounts(pb, posts) {
  if (posts.length === 0) {
    return posts;
  }
  const filter = posts.map(({ id }) => pb.filter("id = {:id}", { id })).join(" || ");
  const { items } = await pb.collection("post_stats").getList(1, posts.length, { filter });
  const counts = new Map(items.map(({ id, likes, comments }) => [id, { likes, comments }]));
  return posts.map((post) => ({
    ...post,
    count: counts.get(post.id) ?? { likes: 0, comments: 0 },
  }));
}
