// The rules of a collection in words.

import type { Collection, DeclaredCollection, RuleName } from '../../api';

/** Who passes a rule, as far as one can tell without reading it. */
export type Reach = 'locked' | 'public' | 'auth' | 'rule';

export interface RuleEntry {
  name: RuleName;
  /** What it is called on the page: list and view are one where they say the same. */
  label: string;
  /** As it runs: null is locked, empty is public. */
  stored: string | null;
  /** As the file has it; undefined where the file does not say it or there is no file. */
  written: string | undefined;
}

const KEYS = {
  list: 'listRule',
  view: 'viewRule',
  create: 'createRule',
  update: 'updateRule',
  delete: 'deleteRule',
  manage: 'manageRule',
  auth: 'authRule',
} as const satisfies Record<RuleName, keyof Collection>;

/** What each rule decides. */
export const DECIDES: Record<RuleName, string> = {
  list: 'Who finds records in a list, and which',
  view: 'Who reads a single record',
  create: 'Who may create a record, and what it may hold',
  update: 'Who may change a record',
  delete: 'Who may delete a record',
  manage: 'Who may change the e-mail address, password and verified state of others',
  auth: 'Who of those with the right password may sign in',
};

/** Signed in, and nothing else asked; the two quotes mean the same. */
const SIGNED_IN = /^\(?\s*@request\.auth\.id\s*!=\s*(""|'')\s*\)?$/;

export function reachOf(rule: string | null | undefined): Reach {
  if (rule === null || rule === undefined) return 'locked';
  if (rule.trim() === '') return 'public';
  return SIGNED_IN.test(rule.trim()) ? 'auth' : 'rule';
}

/** The rules that a collection of this type has, in the order in which one reads them. */
export function rulesOf(collection: Collection, declared: DeclaredCollection | undefined): RuleEntry[] {
  return namesFor(collection.type).map((name) => ({
    name,
    label: name,
    stored: collection[KEYS[name]] ?? null,
    written: declared?.rules[name],
  }));
}

/** The same with list and view as one entry where they agree, as `read` in the file does. */
export function shortRulesOf(collection: Collection, declared: DeclaredCollection | undefined): RuleEntry[] {
  const [list, view, ...rest] = rulesOf(collection, declared);
  if (!list || !view || list.stored !== view.stored || list.written !== view.written) {
    return rulesOf(collection, declared);
  }
  return [{ ...list, label: 'list, view' }, ...rest];
}

function namesFor(type: Collection['type']): RuleName[] {
  if (type === 'view') return ['list', 'view'];
  const names: RuleName[] = ['list', 'view', 'create', 'update', 'delete'];
  return type === 'auth' ? [...names, 'manage', 'auth'] : names;
}

/** Who passes, as a sentence without its end. */
export function wordsFor(name: RuleName, reach: Reach): string {
  if (name === 'auth' && reach === 'public') return 'Everyone with an account';
  if (name === 'auth' && reach === 'locked') return 'Nobody: sign-in is closed';
  return { locked: 'Superusers only', public: 'Everyone', auth: 'Everyone signed in', rule: 'By rule' }[reach];
}

/** The rules as a table of the config file, in the shortest form that means the same. */
export function rulesAsToml(collection: Collection, declared: DeclaredCollection | undefined): string {
  const lines = rulesOf(collection, declared).flatMap(({ name, stored, written }) => {
    const rule = written ?? (stored === null ? undefined : stored === '' ? 'public' : stored);
    // What is not written is locked, and an unwritten `auth` is public.
    if (rule === undefined || (name === 'auth' && rule === 'public')) return [];
    return [[name, rule] as const];
  });
  return [`[collections.${collection.name}.rules]`, ...aligned(merged(lines))].join('\n');
}

/** `read` stands for list and view where they agree. */
function merged(lines: (readonly [string, string])[]): (readonly [string, string])[] {
  const [list, view, ...rest] = lines;
  const agree = list?.[0] === 'list' && view?.[0] === 'view' && list[1] === view[1];
  return agree ? [['read', list[1]], ...rest] : lines;
}

function aligned(lines: (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...lines.map(([name]) => name.length));
  return lines.map(([name, rule]) => `${name.padEnd(width)} = ${quoted(rule)}`);
}

function quoted(text: string): string {
  if (!/["\\\n]/.test(text)) return `"${text}"`;
  if (!/['\n]/.test(text)) return `'${text}'`;
  return JSON.stringify(text);
}
