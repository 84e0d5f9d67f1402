import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import Rule from './Rule.svelte';

const entry = { name: 'update', label: 'update', stored: "(@request.auth.id != '' && author = @request.auth.id)", written: 'owner' } as const;

test('shows the rule as written, and what it expands to on demand', async () => {
  const { container } = render(Rule, { entry });
  expect(screen.getByText('owner')).toBeInTheDocument();
  const details = container.querySelector('details');
  expect(details?.open).toBe(false);
  await userEvent.click(screen.getByText('Expands to'));
  expect(details?.textContent).toContain(entry.stored);
});

test('a locked rule is said in words and has nothing to copy', () => {
  render(Rule, { entry: { ...entry, stored: null, written: undefined } });
  expect(screen.getByText('Superusers only')).toBeInTheDocument();
  expect(screen.queryByRole('button')).toBeNull();
});

test('a rule that runs as written has no expansion', () => {
  render(Rule, { entry: { ...entry, written: entry.stored } });
  expect(screen.queryByText('Expands to')).toBeNull();
});
