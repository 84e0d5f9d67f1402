import { describe, expect, it } from 'vitest';
import type { Field } from '../../api';
import { Malformed } from '../../fields/value';
import { readQuery, writeQuery } from './address';
import { bodyOf, changedKeys, copyOf, draftOf, malformed } from './changes';
import { chosenColumns, columnsOf, defaultColumns, fieldsParam, rememberColumns } from './columns';
import { changedMeanwhile, differences, merged } from './conflict';
import { collection, field, post, posts, record, tags } from './fixtures';
import { countFilters, describe as inWords, referencesTo } from './references';
import { isFilter, toFilter } from './search';
import { ariaSort, formatSort, parseSort, pressed } from './sort';

describe('what was typed into the filter box', () => {
  const fields: Field[] = [field('id', 'text'), field('title', 'text'), field('views', 'number'), field('mail', 'email')];

  it.each([
    ['status = "a"', true],
    ['a ?~ b', true],
    ['views > 3', true],
    ['plain words', false],
    ['"a = b"', false],
    ['Tom & Jerry', false],
    ["it's here", false],
    ['', false],
  ])('%s is a filter: %s', (text, expected) => expect(isFilter(text)).toBe(expected));

  it('passes a filter on', () => expect(toFilter(' views > 3 ', fields)).toBe('views > 3'));
  it('looks for a word in the id and the text fields', () =>
    expect(toFilter('hi', fields)).toBe('id ~ "hi" || title ~ "hi" || mail ~ "hi"'));
  it('wants every word somewhere', () =>
    expect(toFilter('a b', [fields[1]!])).toBe('(id ~ "a" || title ~ "a") && (id ~ "b" || title ~ "b")'));
  it('takes what is quoted as one word', () => expect(toFilter('"a b"', [])).toBe('id ~ "a b"'));
  it('escapes what the language means otherwise', () => expect(toFilter('50%\\', [])).toBe('id ~ "50\\%\\\\"'));
  it('stays below what the server takes', () => {
    const many = Array.from({ length: 60 }, (_, i) => field(`a_rather_long_name_${i}`, 'text'));
    expect(toFilter('one two three four', many).split(' && ')).toHaveLength(1);
  });
});

describe('the order of the table', () => {
  it('reads and writes the parameter', () => expect(formatSort(parseSort(' -a,+b,,c '))).toBe('-a,b,c'));
  it('goes ascending, descending, none', () => {
    const steps = ['a', '-a', ''];
    let keys = parseSort('');
    for (const step of steps) expect(formatSort((keys = pressed(keys, 'a', false)))).toBe(step);
  });
  it('keeps the others with shift', () => {
    expect(formatSort(pressed(parseSort('a,b'), 'b', true))).toBe('a,-b');
    expect(formatSort(pressed(parseSort('a,-b'), 'b', true))).toBe('a');
    expect(formatSort(pressed(parseSort('a'), 'c', true))).toBe('a,c');
    expect(formatSort(pressed(parseSort('a,b'), 'b', false))).toBe('-b');
  });
  it('says so to screen readers', () => expect(ariaSort(parseSort('-a'), 'a')).toBe('descending'));
});

describe('the address', () => {
  it('leaves defaults out', () => expect(writeQuery(readQuery(new URLSearchParams()))).toEqual({}));
  it('keeps what was chosen', () => {
    const params = { filter: 'a', sort: '-b', page: '3', perPage: '100', columns: 'id,title' };
    expect(writeQuery(readQuery(new URLSearchParams(params)))).toEqual(params);
  });
  it('forgives nonsense', () =>
    expect(readQuery(new URLSearchParams('page=-2&perPage=7'))).toMatchObject({ page: 1, perPage: 50 }));
});

describe('columns', () => {
  function storage(): Storage & { kept: Map<string, string> } {
    const kept = new Map<string, string>();
    const part = { kept, getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => kept.set(k, v), removeItem: (k: string) => kept.delete(k) };
    return part as unknown as Storage & { kept: Map<string, string> };
  }

  it('begin with the label and leave long texts out', () =>
    expect(defaultColumns(posts)).toEqual(['title', 'id', 'views', 'status', 'tags', 'updated']));
  it('come from the address before the memory, and forget what is gone', () => {
    const memory = storage();
    rememberColumns(posts, ['title', 'body'], memory);
    expect(columnsOf(posts, null, memory).map(({ name }) => name)).toEqual(['title', 'body']);
    expect(columnsOf(posts, 'views,old', memory).map(({ name }) => name)).toEqual(['views']);
    expect(chosenColumns('old', posts)).toBeUndefined();
  });
  it('need no memory for the default', () => {
    const memory = storage();
    rememberColumns(posts, ['title'], memory);
    rememberColumns(posts, defaultColumns(posts), memory);
    expect(memory.kept.size).toBe(0);
  });
  it('let the server cut long texts', () =>
    expect(fieldsParam([posts.fields[2]!], posts)).toBe('id,collectionId,collectionName,expand,body:excerpt(200,true),title'));
});

describe('what a save sends', () => {
  it('is what differs, whatever the order of keys', () => {
    const stored = post('1', { meta: { a: 1, b: 2 } });
    const draft = { ...draftOf(stored, posts), title: 'Bye', meta: { b: 2, a: 1 } };
    expect(changedKeys(draft, stored, posts)).toEqual(['title']);
  });
  it('is what was touched on create, empty or not', () =>
    expect(changedKeys({ title: '', views: 0, status: undefined }, undefined, posts)).toEqual(['title', 'views']));
  it('tells null from empty', () => {
    const notes = collection('notes', [field('note', 'text', { ext: { nullable: true } })]);
    const stored = { ...post('1'), note: null };
    expect(changedKeys({ note: null }, stored, notes)).toEqual([]);
    expect(changedKeys({ note: '' }, stored, notes)).toEqual(['note']);
  });
  it('never names what the server writes', () => expect(changedKeys({ updated: 'x' }, undefined, posts)).toEqual([]));
  it('sends a text in a json field as JSON', () =>
    expect(bodyOf({ meta: '123', title: '123' }, ['meta', 'title'], posts)).toEqual({ meta: '"123"', title: '123' }));
  it('sends a password with its confirmation, and none when it is empty', () => {
    const users = collection('users', [field('password', 'password', { system: true })], { type: 'auth' });
    const draft = { password: 'secret', passwordConfirm: 'secret' };
    expect(bodyOf(draft, changedKeys(draft, post('1'), users), users)).toEqual(draft);
    expect(changedKeys({ password: '' }, post('1'), users)).toEqual([]);
  });
  it('finds what makes no value', () =>
    expect(malformed({ a: 1, b: new Malformed('x', 'This is not a number.') })).toEqual({ b: 'This is not a number.' }));
});

describe('files of a record', () => {
  const albums = collection('albums', [field('title', 'text'), field('cover', 'file'), field('pages', 'file', { maxSelect: 5 })]);
  const stored = record(albums, '1', { title: 'A', cover: 'a.png', pages: ['1.png', '2.png'] });
  const [one, two] = [new File(['1'], 'one.png'), new File(['2'], 'two.png')];

  it('are sent as what was added and removed', () => {
    const draft = { ...draftOf(stored, albums), cover: one, pages: ['2.png', two] };
    expect(bodyOf(draft, changedKeys(draft, stored, albums), albums, stored)).toEqual({ cover: one, 'pages+': [two], 'pages-': ['1.png'] });
  });
  it('of a new record are the files alone', () => {
    expect(bodyOf({ cover: one, pages: [one, two] }, ['cover', 'pages'], albums)).toEqual({ cover: one, pages: [one, two] });
    expect(bodyOf({ cover: 'gone.png', pages: ['gone.png'] }, ['cover', 'pages'], albums)).toEqual({});
  });
  it('are cleared where nothing is left', () => {
    const draft = { cover: '', pages: [] };
    expect(bodyOf(draft, ['cover', 'pages'], albums, stored)).toEqual({ cover: null, 'pages-': ['1.png', '2.png'] });
  });
  it('are no part of a copy', () => expect(copyOf(stored, albums)).toEqual({ title: 'A', cover: undefined, pages: undefined }));
  it('change when another file of the same name is chosen', () =>
    expect(changedKeys({ cover: two }, { ...stored, cover: one as unknown }, albums)).toEqual(['cover']));
  it('that somebody else removed are in nobody’s choice', () => {
    const theirs = { ...stored, cover: 'b.png', pages: ['2.png', '3.png'] };
    const draft = { ...draftOf(stored, albums), pages: ['1.png', two] };
    const shown = differences(stored, theirs, draft, albums);
    expect(shown.map(({ mine, conflict, preset }) => [mine, conflict, preset])).toEqual([
      ['', false, 'theirs'],
      [[two], true, 'mine'],
    ]);
    const mine = merged(theirs, draft, shown, {});
    expect(bodyOf(mine, changedKeys(mine, theirs, albums), albums, theirs)).toEqual({ 'pages+': [two], 'pages-': ['2.png', '3.png'] });
  });
});

describe('somebody else saved first', () => {
  const loaded = post('1', { title: 'A', views: 1, status: 'draft' });
  const stored = post('1', { title: 'Theirs', views: 2, status: 'draft', updated: '2027-01-01 00:00:00.000Z' });
  const draft = { ...draftOf(loaded, posts), title: 'Mine', status: 'published' };
  const shown = differences(loaded, stored, draft, posts);

  it('is not a touch of the dates alone', () => {
    expect(changedMeanwhile(loaded, { ...loaded, updated: 'later' }, posts)).toBe(false);
    expect(changedMeanwhile(loaded, stored, posts)).toBe(true);
  });
  it('lists what anybody changed, with a choice to begin with', () =>
    expect(shown.map(({ field: { name }, conflict, preset }) => [name, conflict, preset])).toEqual([
      ['title', true, 'mine'],
      ['views', false, 'theirs'],
      ['status', false, 'mine'],
    ]));
  it('is no conflict when both wrote the same', () =>
    expect(differences(loaded, stored, { ...draft, title: 'Theirs' }, posts)[0]).toMatchObject({ conflict: false }));
  it('saves only what is not stored yet', () => {
    expect(changedKeys(merged(stored, draft, shown, {}), stored, posts)).toEqual(['title', 'status']);
    expect(changedKeys(merged(stored, draft, shown, { title: 'theirs', status: 'theirs' }), stored, posts)).toEqual([]);
    expect(changedKeys(merged(stored, draft, shown, { views: 'mine' }), stored, posts)).toContain('views');
  });
});

describe('what points to a deleted record', () => {
  const relation = (options: Partial<Field>) => field('post', 'relation', { collectionId: posts.id, ...options });
  const comments = collection('comments', [relation({ cascadeDelete: true, required: true })]);
  const replies = collection('replies', [field('comment', 'relation', { collectionId: comments.id, cascadeDelete: true })]);
  const pins = collection('pins', [relation({ ext: { onDelete: 'block' } })]);
  const lists = collection('lists', [relation({ maxSelect: 9 })]);
  const view = collection('stats', [relation({})], { type: 'view' });
  const found = referencesTo(posts, [comments, replies, pins, lists, view, tags]);

  it('is named with what happens to it, and what goes with that', () => {
    expect(found.map(({ collection: { name }, effect, further }) => [name, effect, further])).toEqual([
      ['comments', 'cascade', ['replies']],
      ['pins', 'block', []],
      ['lists', 'clear', []],
    ]);
    expect(inWords(found[0]!, 2, 1)).toBe('2 records of comments go as well (by “post”), and with them what points to them in replies.');
    expect(inWords(found[1]!, 1, 1)).toBe('1 record of pins needs “post”: the delete is refused.');
    expect(inWords(found[2]!, undefined, 9)).toBe('Records of lists lose the entry in “post”.');
  });
  it('is counted by filters that the server takes', () => {
    const ids = Array.from({ length: 300 }, (_, i) => `id${String(i).padStart(13, '0')}`);
    const filters = countFilters(found[0]!, ids)!;
    expect(filters.every((filter) => filter.length <= 3500)).toBe(true);
    expect(filters.join(' || ').split(' || ')).toHaveLength(300);
    expect(countFilters(found[2]!, ids)).toBeUndefined();
    expect(countFilters(found[2]!, ['a'])).toEqual(['post.id ?= "a"']);
  });
});
