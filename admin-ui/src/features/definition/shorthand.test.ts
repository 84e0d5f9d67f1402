import { expect, it } from 'vitest';
import { wordsOf } from './shorthand';

it('are the options without a value', () => {
  expect([...wordsOf('-> users! default=@me immutable on_delete=cascade')]).toEqual(['immutable']);
  expect([...wordsOf('select(reader, author, admin) default=reader server')]).toEqual(['server']);
});

it('are neither values of a choice, nor words of a text, nor the type', () => {
  expect(wordsOf('select(server, immutable)').size).toBe(0);
  expect(wordsOf("text help='set by the server once'").size).toBe(0);
  expect(wordsOf('-> server').size).toBe(0);
  expect(wordsOf(null).size).toBe(0);
});
