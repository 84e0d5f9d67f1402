import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';
import { budget } from './build/budget.ts';
import { precompress } from './build/precompress.ts';

/** What `npm run dev` talks to. */
const server = process.env.FERROBASE_URL ?? 'http://127.0.0.1:8090';
const proxy = { '/api': { target: server, changeOrigin: false } };

export default defineConfig({
  // The executable serves the pages below `/_/`, a proxy perhaps elsewhere: nothing is absolute.
  base: './',
  plugins: [svelte(), svelteTesting(), budget(60_000), precompress()],
  server: { proxy },
  preview: { proxy },
  build: {
    outDir: process.env.ADMIN_UI_OUT ?? 'dist',
    emptyOutDir: true,
    // Baseline for `light-dark()`, popover and `<dialog>`, so nothing is written twice.
    target: ['chrome123', 'firefox125', 'safari17.5'],
    // The policy of the server (`default-src 'self'`) allows neither inline scripts nor data: URLs.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  test: {
    environment: 'happy-dom',
    setupFiles: ['./build/vitest-setup.ts'],
    include: ['src/**/*.test.ts', 'build/**/*.test.ts'],
  },
});
