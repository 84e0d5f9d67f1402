import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { budget } from './budget.ts';

/** A bundle whose page imports `first` at once and `later` on use; texts that do not compress. */
function bundle(first: number, later: number) {
  const code = (size: number) => randomBytes(size / 2).toString('hex');
  const chunk = (fileName: string, size: number, more = {}) => ({ type: 'chunk', fileName, code: code(size), imports: [], ...more });
  return {
    'index.html': { type: 'asset', fileName: 'index.html', source: '<!doctype html>' },
    'index.js': chunk('index.js', 100, { isEntry: true, imports: ['first.js'], dynamicImports: ['later.js'] }),
    'first.js': chunk('first.js', first, { viteMetadata: { importedCss: new Set(['first.css']) } }),
    'first.css': { type: 'asset', fileName: 'first.css', source: code(100) },
    'later.js': chunk('later.js', later),
  };
}

function build(files: ReturnType<typeof bundle>) {
  const info = vi.fn();
  const error = vi.fn((message: string) => {
    throw new Error(message);
  });
  const { writeBundle } = budget(4_000) as unknown as { writeBundle: (this: object, options: object, bundle: object) => void };
  writeBundle.call({ info, error }, {}, files);
  return info.mock.calls[0]?.[0] as string;
}

test('a first load above the limit fails the build and says by how much', () => {
  expect(() => build(bundle(20_000, 0))).toThrow(/^first load 1\d,\d{3} of 4,000 bytes is too much\./);
});

test('what is loaded on use does not count, styles do', () => {
  expect(build(bundle(1_000, 20_000))).toMatch(/of 4,000 bytes: index\.html, index\.js, first\.js, first\.css$/);
});
