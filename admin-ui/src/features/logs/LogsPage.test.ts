import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import type { LogEntry } from '../../api';
import LogsPage from './LogsPage.svelte';

const failed: LogEntry = {
  id: 'l1', created: '2026-01-01 10:00:00.000Z', level: 8, message: 'GET /api/x',
  data: { type: 'request', status: 404, method: 'GET', url: '/api/x', execTime: 1.25, auth: '', error: 'Nothing there.' },
};

const filters: (string | null)[] = [];

function serve(entries: LogEntry[], { status = 200, removal = 204 } = {}) {
  vi.stubGlobal('fetch', vi.fn(async (address: string, { method }: RequestInit) => {
    if (method === 'DELETE') return new Response(removal === 204 ? null : '{}', { status: removal });
    const url = new URL(address, 'http://x/_/');
    if (status !== 200) return new Response(JSON.stringify({ message: 'No.' }), { status });
    if (url.pathname.endsWith('/stats')) return new Response(JSON.stringify(entries.map(({ created }) => ({ date: created, total: 1 }))));
    filters.push(url.searchParams.get('filter'));
    return new Response(JSON.stringify({ items: entries }));
  }));
}

beforeEach(() => {
  location.hash = '#/logs';
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  filters.length = 0;
});

test('entries are listed with what came of them', async () => {
  serve([failed]);
  render(LogsPage);
  expect(await screen.findByRole('link', { name: 'GET /api/x' })).toHaveAttribute('href', '#/logs/l1');
  expect(screen.getByText('404')).toBeInTheDocument();
  expect(screen.getByText('Nothing there.')).toBeInTheDocument();
  expect(screen.getByText('1 entry')).toBeInTheDocument();
  expect(screen.getByRole('slider').getAttribute('aria-valuetext')).toMatch(/entr(y|ies)$/);
});

test('a chip asks for less', async () => {
  serve([failed]);
  render(LogsPage);
  await screen.findByRole('link', { name: 'GET /api/x' });
  await userEvent.click(screen.getByRole('button', { name: 'Errors only' }));
  await vi.waitFor(() => expect(filters.at(-1)).toBe('level >= 8'));
  expect(screen.getByRole('button', { name: 'Errors only' })).toHaveAttribute('aria-pressed', 'true');
});

test('where logs cannot be deleted the way to do without is told', async () => {
  serve([failed], { removal: 404 });
  render(LogsPage);
  await userEvent.click(await screen.findByRole('button', { name: 'More' }));
  await userEvent.click(screen.getByText('Delete all logs…'));
  const dialog = screen.getByRole('dialog', { name: 'Delete all logs?' });
  await userEvent.click([...dialog.querySelectorAll('footer button')].at(-1)!);
  expect(await screen.findByText(/does not delete logs at once/)).toBeInTheDocument();
  expect(screen.getByRole('link', { name: 'GET /api/x' })).toBeInTheDocument();
});

test.each([
  [403, 'The logs could not be read'],
  [500, 'The logs could not be read'],
  [404, 'This server does not keep logs'],
])('status %i is told', async (status, title) => {
  serve([], { status });
  render(LogsPage);
  expect(await screen.findByText(title)).toBeInTheDocument();
});

test('nothing logged yet says when something will be', async () => {
  serve([]);
  render(LogsPage);
  expect(await screen.findByText('Nothing was logged yet')).toBeInTheDocument();
});
