// Where JSON goes wrong. JSON.parse says it in other words in every browser, mostly without a
// place, and rounds long numbers without a word; so the text is walked once more by hand.
import { digits } from '../number/value';

export type Checked =
  | { ok: true; value: unknown; imprecise: string[] }
  | { ok: false; message: string; line: number; column: number; offset: number };

const ESCAPES = '"\\/bfnrt';

class Fault {
  readonly offset: number;
  readonly message: string;
  constructor(offset: number, message: string) {
    this.offset = offset;
    this.message = message;
  }
}

export function checkJson(text: string): Checked {
  const imprecise: string[] = [];
  let at = 0;

  const fail = (message: string, offset = at): never => {
    throw new Fault(offset, message);
  };
  const found = () => (at < text.length ? `found ${JSON.stringify(text[at])}` : 'the text ends here');
  const space = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at]!)) at++;
  };

  function value(depth: number): void {
    space();
    if (depth > 500) fail('Nested too deeply');
    const first = text[at];
    if (first === '{') return members(depth);
    if (first === '[') return items(depth);
    if (first === '"') return string();
    if (first !== undefined && /[-0-9]/.test(first)) return number();
    for (const word of ['true', 'false', 'null']) {
      if (text.startsWith(word, at) && !/\w/.test(text[at + word.length] ?? '')) {
        at += word.length;
        return;
      }
    }
    if (first === "'") fail('Texts stand in double quotes');
    fail(`Expected a value, ${found()}`);
  }

  function members(depth: number): void {
    at++;
    space();
    if (text[at] === '}') return void at++;
    for (;;) {
      space();
      if (text[at] === '}') fail('No comma before }');
      if (text[at] !== '"') fail(`Expected a key in double quotes, ${found()}`);
      string();
      space();
      if (text[at] !== ':') fail(`Expected : after the key, ${found()}`);
      at++;
      value(depth + 1);
      space();
      if (text[at] === '}') return void at++;
      if (text[at] !== ',') fail(`Expected , or }, ${found()}`);
      at++;
    }
  }

  function items(depth: number): void {
    at++;
    space();
    if (text[at] === ']') return void at++;
    for (;;) {
      space();
      if (text[at] === ']') fail('No comma before ]');
      value(depth + 1);
      space();
      if (text[at] === ']') return void at++;
      if (text[at] !== ',') fail(`Expected , or ], ${found()}`);
      at++;
    }
  }

  function string(): void {
    const start = at++;
    for (; at < text.length && text[at] !== '"'; at++) {
      if (text[at]! < ' ') fail(text[at] === '\n' ? 'The text is not closed in its line' : 'Control characters are written \\u00…');
      if (text[at] !== '\\') continue;
      at++;
      if (text[at] === 'u' && /^[0-9a-f]{4}/i.test(text.slice(at + 1, at + 5))) at += 4;
      else if (at >= text.length || !ESCAPES.includes(text[at]!)) fail('Unknown escape', at - 1);
    }
    if (at >= text.length) fail('The text is never closed', start);
    at++;
  }

  function number(): void {
    const match = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?/i.exec(text.slice(at, at + 400));
    if (!match) return void fail('This is not a number');
    const literal = match[0];
    if (/[\w.]/.test(text[at + literal.length] ?? '')) fail('This is not a number');
    if (digits(literal) !== digits(String(Number(literal)))) imprecise.push(literal);
    at += literal.length;
  }

  try {
    value(0);
    space();
    if (at < text.length) fail('Nothing may follow the value');
    return { ok: true, value: JSON.parse(text), imprecise };
  } catch (error) {
    const fault = error instanceof Fault ? error : new Fault(at, 'This is not JSON');
    const before = text.slice(0, fault.offset).split('\n');
    return { ok: false, message: fault.message, line: before.length, column: before.at(-1)!.length + 1, offset: fault.offset };
  }
}
