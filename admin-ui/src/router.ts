// Where the user is: the part of the address behind `#`. The server's set-up link is
// `/_/#/pbinstall/TOKEN`, and what stands behind `#` never reaches a server or its logs.

import { createSubscriber } from 'svelte/reactivity';

type Params = Record<string, string | number | boolean | null | undefined> | URLSearchParams;
type Guard = () => boolean | Promise<boolean>;

interface Place {
  path: string;
  segments: string[];
  params: URLSearchParams;
}

const updates = new Set<() => void>();
const guards = new Set<Guard>();

let hash = location.hash;
let place = parse(hash);
/** The position in the browser's history, kept in its state, so a refused step can be taken back. */
let index = history.state?.index ?? 0;
/** The address that the guards let through after they took their time: they are not asked twice. */
let granted: string | undefined;

const subscribe = createSubscriber((update) => {
  updates.add(update);
  return () => updates.delete(update);
});

/** The present place; whoever reads it in a template or effect follows it. */
export const route = {
  /** Such as `/collections/posts`. */
  get path(): string {
    subscribe();
    return place.path;
  },
  /** The parts of the path, decoded. */
  get segments(): string[] {
    subscribe();
    return place.segments;
  },
  /** A copy: change it with `replaceParams` or `navigate`. */
  get params(): URLSearchParams {
    subscribe();
    return new URLSearchParams(place.params);
  },
};

/** The address of a place, for `href`. Segments of `path` must be encoded where they need it. */
export function link(path: string, params?: Params): string {
  const query = toQuery(params);
  return `#${path.startsWith('/') ? path : `/${path}`}${query && `?${query}`}`;
}

/** Goes there as a link does: a new entry in the history, guards are asked. */
export function navigate(path: string, params?: Params): void {
  location.hash = link(path, params);
}

/** Changes the parameters in place: same page, same entry in the history, guards are not asked. */
export function replaceParams(params: Params): void {
  replace(link(place.path, params));
}

/** Goes elsewhere without a way back to here, as after the set-up link was used. */
export function replacePlace(path: string): void {
  replace(link(path));
}

/** Asks `ask` before the page is left; false stays. Answers how to stop asking. */
export function guard(ask: Guard): () => void {
  guards.add(ask);
  return () => guards.delete(ask);
}

function replace(target: string): void {
  history.replaceState({ index }, '', target);
  arrive();
}

function arrive(): void {
  hash = location.hash;
  place = parse(hash);
  for (const update of [...updates]) update();
}

async function moved(): Promise<void> {
  // A step of our own, back to where the user is.
  if (location.hash === hash) return;
  const target = location.hash;
  // A new entry has no state yet; it follows the one that was left.
  const to: number = history.state?.index ?? index + 1;
  const answers = target === granted ? [] : [...guards].map((ask) => ask());
  granted = undefined;
  if (answers.every((answer) => answer === true)) return settle(to);
  // The address goes back while the question is open.
  const back = new Promise((resolve) => window.addEventListener('hashchange', resolve, { once: true }));
  history.go(index - to);
  if (!(await Promise.all(answers)).every(Boolean)) return;
  await back;
  granted = target;
  location.hash = target;
}

function settle(to: number): void {
  index = to;
  history.replaceState({ index }, '');
  arrive();
}

function parse(text: string): Place {
  const [path = '', query = ''] = text.replace(/^#/, '').split(/\?(.*)/s);
  const segments = path.split('/').filter(Boolean).map(decoded);
  return { path: `/${path.replace(/^\/+|\/+$/g, '')}`, segments, params: new URLSearchParams(query) };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function toQuery(params: Params | undefined): string {
  if (!params) return '';
  if (params instanceof URLSearchParams) return params.toString();
  const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
}

window.addEventListener('hashchange', () => void moved());
