// Cuts a rule into pieces to colour. Forgiving: rules as written hold `$names` and single words,
// and whatever it does not know stays as it is. Joined, the pieces are the text again.

export type Kind = 'text' | 'number' | 'sign' | 'join' | 'place' | 'macro' | 'word' | 'name' | 'comment' | 'space';

export interface Piece {
  kind: Kind;
  text: string;
}

const KINDS: [Kind, RegExp][] = [
  ['space', /\s+/y],
  ['comment', /\/\/[^\n]*/y],
  ['text', /'(?:\\.|[^'\\])*'?|"(?:\\.|[^"\\])*"?/ys],
  // What belongs to the request or to other collections, against fields of the record itself.
  ['place', /@(?:request|collection)\b[\w.:]*/y],
  ['macro', /[@$]\w+/y],
  ['word', /(?:true|false|null)\b(?![.:(])/iy],
  ['number', /-?\d+(?:\.\d+)?\b/y],
  ['name', /[A-Za-z_#][\w.:]*/y],
  ['join', /&&|\|\|/y],
  ['sign', /\?{0,1}(?:!=|!~|>=|<=|=|>|<|~)|[(),]/y],
];

/** Words that are a whole rule in the file. */
const WHOLE = new Set(['public', 'locked', 'auth', 'owner']);

export function highlight(rule: string): Piece[] {
  if (/^\s*\w+\s*$/.test(rule)) return [{ kind: WHOLE.has(rule.trim()) ? 'word' : 'macro', text: rule }];
  const pieces: Piece[] = [];
  let at = 0;
  while (at < rule.length) {
    const piece = next(rule, at);
    pieces.push(piece);
    at += piece.text.length;
  }
  return pieces;
}

function next(rule: string, at: number): Piece {
  for (const [kind, pattern] of KINDS) {
    pattern.lastIndex = at;
    const text = pattern.exec(rule)?.[0];
    if (text) return { kind, text };
  }
  return { kind: 'name', text: rule[at] ?? '' };
}
