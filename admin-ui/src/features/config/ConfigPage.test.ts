import { render, screen } from '@testing-library/svelte';
import { beforeEach, expect, test, vi } from 'vitest';
import type { ConfigState } from '../../api';
import { config } from './config.svelte';
import ConfigPage from './ConfigPage.svelte';

const well: ConfigState = {
  source: 'file', file: 'config.toml', environment: 'dev', locked: false, onBoot: 'apply-safe',
  applied: { number: 3, author: 'boot', at: '2026-01-01 10:00:00.000Z', version: '0.1.0', hash: '9f2c41d07be34aa1' },
  warnings: [], problem: null, parked: { collections: [], fields: [] }, collections: {},
};

async function show(status: number, body: unknown) {
  vi.stubGlobal('fetch', vi.fn(async () => new Response(JSON.stringify(body), { status })));
  await config.load();
  render(ConfigPage);
}

beforeEach(() => config.clear());

test('says that all is well, and what was applied last', async () => {
  await show(200, well);
  expect(screen.getByText('All is well')).toBeInTheDocument();
  expect(screen.getByText('#3')).toBeInTheDocument();
});

test('lists warnings with their place and counts them', async () => {
  const warning = { message: 'mail is ignored', label: '', help: 'Later.', file: 'config.toml', line: 15, column: 2 };
  await show(200, { ...well, warnings: [warning], problem: { kind: 'invalid', text: 'error: unknown key' } });
  expect(screen.getByText('config.toml:15:2')).toBeInTheDocument();
  expect(screen.getByText('Later.')).toBeInTheDocument();
  expect(screen.getByRole('alert')).toHaveTextContent('config.toml cannot be read');
  expect(screen.getByText('error: unknown key')).toBeInTheDocument();
  expect(config.concerns).toBe(2);
});

test('lists what is parked, and that nothing of it is lost', async () => {
  await show(200, { ...well, parked: { collections: ['drafts'], fields: ['posts.subtitle'] } });
  expect(screen.getByRole('region', { name: 'Parked' })).toHaveTextContent(/data is kept.*drafts.*posts\.subtitle/);
});

test('without a file shows how to begin', async () => {
  await show(200, { ...well, source: 'api', file: null, applied: null });
  expect(screen.getByRole('heading', { name: 'Begin with a config file' })).toBeInTheDocument();
  expect(screen.getByText('never')).toBeInTheDocument();
});

test.each([
  [403, 'The configuration could not be read'],
  [500, 'The configuration could not be read'],
  [404, 'This server does not tell'],
])('status %i is told as “%s”', async (status, title) => {
  await show(status, { status, message: 'No.', data: {} });
  expect(screen.getByText(title)).toBeInTheDocument();
});
