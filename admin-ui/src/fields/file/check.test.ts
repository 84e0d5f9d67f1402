import { expect, it } from 'vitest';
import { field } from '../../features/records/fixtures';
import { acceptedWords, isOtherType, sift } from './check';
import { isPicture, summary } from './value';

const file = (name: string, size = 1, type = '') => new File([new Uint8Array(size)], name, { type });

it('takes what fits, and says why not the rest', () => {
  const pages = field('pages', 'file', { maxSelect: 2, maxSize: 2048, mimeTypes: ['image/png', 'image/jpeg'] });
  const [one, two, three] = [file('1.png', 1, 'image/png'), file('2.png', 2048, 'image/png'), file('3.png', 1, 'image/png')];
  const { taken, refused } = sift(pages, [one, file('big.png', 3072, 'image/png'), file('a.gif', 1, 'image/gif'), two, three], 2);
  expect(taken).toEqual([one, two]);
  expect(refused).toEqual([
    'big.png is too large: 3 kB, at most 2 kB.',
    'a.gif is of another type: GIF, accepted are PNG, JPEG.',
    '3.png was left out: there is room for 2 files.',
  ]);
});

it('takes one where one has room', () => {
  const { taken, refused } = sift(field('cover', 'file'), [file('a.txt'), file('b.txt')], 1);
  expect(taken.map((one) => one.name)).toEqual(['a.txt']);
  expect(refused).toEqual(['b.txt was left out: there is room for one file.']);
});

it('takes five megabytes where the field sets no size', () => {
  const [large, larger] = [5 * 1024 * 1024, 5 * 1024 * 1024 + 1].map((size) => sift(field('a', 'file'), [file('a', size)], 1));
  expect([large!.taken.length, larger!.refused.length]).toEqual([1, 1]);
});

it.each([
  ['image/png', ['image/*'], false],
  ['image/png', ['image/jpeg'], true],
  ['application/pdf', ['image/*'], true],
  ['text/plain', ['image/*', 'video/*'], true],
  ['video/mp4', ['image/*'], true],
  ['image/png', [], false],
  // The server reads the file, so it may well say otherwise than the browser.
  ['', ['image/png'], false],
  ['application/vnd.ms-excel', ['text/csv'], false],
  ['text/markdown', ['text/plain'], false],
  ['text/javascript', ['application/json'], false],
  ['audio/ogg', ['video/ogg'], false],
  ['image/vnd.microsoft.icon', ['image/x-icon'], false],
])('whether %s is surely none of %j: %s', (type, accepted, expected) => expect(isOtherType(type, accepted)).toBe(expected));

it('says types in words', () => {
  expect(acceptedWords(field('a', 'file', { mimeTypes: ['image/*', 'application/pdf', 'image/svg+xml'] }))).toBe('pictures, PDF, SVG');
  expect(acceptedWords(field('a', 'file', { mimeTypes: ['text/plain'] }))).toBe('text/plain');
  const many = ['png', 'jpeg', 'gif', 'webp', 'bmp'].map((sub) => `image/${sub}`);
  expect(acceptedWords(field('a', 'file', { mimeTypes: many }))).toBe('PNG, JPEG, GIF and 2 other types');
});

it('tells pictures by their names, and new files from stored ones', () => {
  expect(['a.PNG', 'a.jpeg', 'a.svg', 'png', 'a.png.txt'].map(isPicture)).toEqual([true, true, false, false, false]);
  expect(summary(['a.png', file('b.png')])).toBe('a.png, b.png (new)');
  expect(summary(null)).toBe('');
});
