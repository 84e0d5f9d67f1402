import '@testing-library/jest-dom/vitest';
import { afterEach, vi } from 'vitest';

// The session outlives a page, and so it would a test.
afterEach(() => {
  vi.unstubAllGlobals();
  localStorage.clear();
});
