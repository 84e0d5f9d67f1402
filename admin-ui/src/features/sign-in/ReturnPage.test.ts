import { render, screen } from '@testing-library/svelte';
import { afterEach, expect, test, vi } from 'vitest';
import ReturnPage from './ReturnPage.svelte';

afterEach(() => vi.restoreAllMocks());

test.each([
  ['success', 'That was all'],
  ['failure', 'Nobody was signed in'],
] as const)('a %s is said, and the window tries to close', (outcome, title) => {
  const close = vi.spyOn(window, 'close').mockImplementation(() => undefined);
  render(ReturnPage, { outcome });
  expect(screen.getByRole('heading')).toHaveTextContent(title);
  expect(close).toHaveBeenCalledOnce();
});
