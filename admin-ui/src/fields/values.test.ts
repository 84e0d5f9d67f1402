import { describe, expect, it } from 'vitest';
import { collection, field, record } from '../features/records/fixtures';
import * as date from './date/value';
import { checkJson } from './json/check';
import { digits, parseNumber } from './number/value';
import { generatePassword } from './password/value';
import { pickerFilter, quote } from './relation/search';
import { recordLabel, summaryOf } from './summary';
import { address } from './url/value';
import * as editor from './editor/value';
import { Malformed, sameValue } from './value';

describe('numbers', () => {
  it.each([['1', 1], ['-1.50', -1.5], ['1e3', 1000], ['.5', 0.5], [' 7 ', 7], ['0.1', 0.1], ['-0', -0], ['123456789012345680000', 123456789012345680000]])(
    '%s is %d',
    (text, number) => expect(parseNumber(text, null)).toBe(number),
  );
  it.each(['x', '1x', '0x10', 'NaN', 'Infinity', '1e999', '--1', '1.2.3'])('%s is none', (text) =>
    expect(parseNumber(text, null)).toBeInstanceOf(Malformed));
  it('says how decimals are written', () => expect(parseNumber('1,5', null)).toMatchObject({ message: 'Write the decimals behind a point: 1.5' }));
  it('loses no digit in silence', () => expect(parseNumber('12345678901234567891', null)).toMatchObject({ message: expect.stringContaining('More digits') }));
  it('is empty when nothing is written', () => expect(parseNumber('', null)).toBeNull());
  it('compares digits, not spellings', () => expect(digits('1.50')).toBe(digits('15e-1')));
});

describe('dates', () => {
  it('keep their milliseconds there and back', () => {
    const stored = '2026-03-01 10:00:00.123Z';
    expect(date.fromInput(date.toInput(stored))).toBe(stored);
    expect(date.fromInput(date.toInput('2026-07-01 10:00:00.000Z'))).toBe('2026-07-01 10:00:00.000Z');
  });
  it('say their moment in UTC', () => expect(date.utc('2026-03-01 10:00:00.123Z')).toBe('2026-03-01 10:00:00.123 UTC'));
  it('are shown in local time', () => expect(date.local('2026-03-01 10:00:00.123Z')).toMatch(/^2026-0[23]-\d\d \d\d:\d\d:00$/));
  it('may be empty or none at all', () => {
    expect(date.toInput('')).toBe('');
    expect(date.fromInput('')).toBe('');
    expect(date.local('soon')).toBe('soon');
  });
});

describe('JSON', () => {
  it.each([
    ['{"a": 1,\n "b": tru}', 2, 7, /Expected a value/],
    ['{"a": 1,}', 1, 9, /No comma before }/],
    ["{'a': 1}", 1, 2, /double quotes/],
    ['[1 2]', 1, 4, /Expected , or \]/],
    ['"open', 1, 1, /never closed/],
    ['{"a":1} x', 1, 9, /Nothing may follow/],
    ['[01]', 1, 2, /not a number/],
    ['{"a": "\\q"}', 1, 8, /Unknown escape/],
  ])('%s is wrong at %d:%d', (text, line, column, message) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(checkJson(text)).toMatchObject({ ok: false, line, column, message: expect.stringMatching(message) });
  });
  it.each(['1', '"a"', '[]', '{"a":[{}, null, true, -1.5e3, "\\u00e9\\n"]}', ' [1, 2] '])('%s is right', (text) =>
    expect(checkJson(text)).toMatchObject({ ok: true, value: JSON.parse(text), imprecise: [] }));
  it('finds numbers that would be rounded', () =>
    expect(checkJson('[9007199254740993]')).toMatchObject({ ok: true, imprecise: ['9007199254740993'] }));
});

describe('a record in words', () => {
  const named = collection('a', [field('title', 'text'), field('first', 'text', { presentable: true }), field('age', 'number', { presentable: true })]);
  it('is its presentable fields', () => expect(recordLabel(record(named, '1', { title: 'T', first: 'Ada', age: 36 }), named.fields)).toBe('Ada · 36'));
  it('is what is usually a name, else the id', () => {
    const plain = collection('b', [field('title', 'text')]);
    expect(recordLabel(record(plain, '1', { title: 'T' }), plain.fields)).toBe('T');
    expect(recordLabel(record(plain, '1', { title: '' }), plain.fields)).toBe('1');
  });
});

describe('what a stranger stored', () => {
  it('never becomes a link that runs', () => {
    expect(address('javascript:alert(1)')).toBeUndefined();
    expect(address(' JaVaScRiPt:alert(1)')).toBeUndefined();
    expect(address('data:text/html,x')).toBeUndefined();
    expect(address('example.com/a')).toBe('https://example.com/a');
    expect(address('localhost:8090/a')).toBe('https://localhost:8090/a');
  });
  it('is words in a cell', () => expect(editor.summary('<p>A &amp; <b>B</b></p><script>x()</script>')).toBe('A & B'));
  it('is previewed under a policy of its own', () => expect(editor.previewDocument('<i>x</i>')).toMatch(/default-src 'none'/));
});

it('quotes texts for filters', () => {
  expect(quote('a"b\\c\n')).toBe('"a\\"b\\\\c\\n"');
  expect(pickerFilter('x', [field('name', 'text', { presentable: true }), field('bio', 'text')])).toBe('id ~ "x" || name ~ "x"');
  expect(pickerFilter(' ', [])).toBe('');
});
it('compares values as JSON does', () => {
  expect(sameValue({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBe(true);
  expect(sameValue(null, '')).toBe(false);
  expect(sameValue([], {})).toBe(false);
});
it('makes passwords up', () => expect(generatePassword()).toMatch(/^[A-Za-z2-9]{20}$/));
it('shows values in a line', () => {
  expect(summaryOf(field('g', 'geoPoint'), { lon: 13.4, lat: 52.5 })).toBe('52.5, 13.4');
  expect(summaryOf(field('s', 'select', { maxSelect: 3 }), ['a', 'b'])).toBe('a, b');
  expect(summaryOf(field('n', 'number', { ext: { nullable: true } }), null)).toBe('');
});
