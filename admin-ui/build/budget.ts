// Fails the build when what a browser must fetch before the first page shows grows too large.

import { gzipSync } from 'node:zlib';
import type { Plugin, Rolldown } from 'vite';

type Bundle = Rolldown.OutputBundle;

/** Holds the first load, compressed, below `limit` bytes. */
export function budget(limit: number): Plugin {
  return {
    name: 'budget',
    apply: 'build',
    enforce: 'post',
    // `writeBundle` runs last of all, when index.html has its final text.
    writeBundle(_options, bundle) {
      const files = firstLoad(bundle);
      const total = files.reduce((sum, name) => sum + compressed(bundle, name), 0);
      const figure = `first load ${total.toLocaleString('en')} of ${limit.toLocaleString('en')} bytes`;
      this.info(`${figure}: ${files.join(', ')}`);
      if (total > limit) this.error(`${figure} is too much. Load something on use instead.`);
    },
  };
}

/** The page, its entries, all that these import without asking, and their styles. */
function firstLoad(bundle: Bundle): string[] {
  const files = new Set<string>(['index.html']);
  const visit = (name: string) => {
    const chunk = bundle[name];
    if (files.has(name) || chunk?.type !== 'chunk') return;
    files.add(name);
    chunk.viteMetadata?.importedCss.forEach((css) => files.add(css));
    chunk.imports.forEach(visit);
  };
  for (const chunk of Object.values(bundle)) {
    if (chunk.type === 'chunk' && chunk.isEntry) visit(chunk.fileName);
  }
  return [...files];
}

function compressed(bundle: Bundle, name: string): number {
  const file = bundle[name];
  if (!file) return 0;
  return gzipSync(file.type === 'chunk' ? file.code : file.source, { level: 9 }).length;
}
