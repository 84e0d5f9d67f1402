import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { config } from '../config/config.svelte';
import SettingsPage from './SettingsPage.svelte';

const bucket = { enabled: false, bucket: '', region: '', endpoint: '', accessKey: '', forcePathStyle: false };
const stored = {
  superuserIPs: [],
  smtp: { enabled: false, port: 587, host: '', username: '', authMethod: '', tls: false, localName: '' },
  backups: { cron: '', cronMaxKeep: 3, s3: bucket },
  s3: bucket,
  meta: { accentColor: '', appName: 'Blog', appURL: 'http://localhost', senderName: 'Support', senderAddress: 'a@example.com', hideControls: false },
  rateLimits: { rules: [{ label: '*:auth', audience: '', duration: 3, maxRequests: 2 }], excludedIPs: [], enabled: false },
  trustedProxy: { headers: [], useLeftmostIP: false },
  batch: { enabled: false, maxRequests: 50, timeout: 3, maxBodySize: 0 },
  logs: { maxDays: 5, minLevel: 0, logIP: true, logAuthId: false },
};

const sent: unknown[] = [];

/** Answers the settings, and of the configuration what the file sets. */
function serve(pins: string[] = [], status = 200) {
  vi.stubGlobal('fetch', vi.fn(async (address: string, { method, body }: RequestInit) => {
    if (method === 'PATCH') sent.push(JSON.parse(String(body)));
    if (address.endsWith('/config')) return new Response(JSON.stringify({ source: 'file', file: '/srv/blog.toml', warnings: [], settings: pins }));
    if (address.includes('/sessions')) return new Response(JSON.stringify({ items: [{ current: true, address: '192.0.2.7' }] }));
    return new Response(JSON.stringify(status === 200 ? stored : { message: 'No.' }), { status });
  }));
}

function visit(section: string) {
  location.hash = `#/settings/${section}`;
  window.dispatchEvent(new HashChangeEvent('hashchange'));
  render(SettingsPage);
}

beforeEach(() => {
  sent.length = 0;
});
afterEach(() => config.clear());

test('what the server names as the file’s is read-only from the start', async () => {
  serve(['meta.appName']);
  await config.load();
  visit('application');
  const name = await screen.findByRole('textbox', { name: /^Name\*?$/ });
  expect(name).toHaveAttribute('readonly');
  expect(screen.getByText('Set in blog.toml')).toBeInTheDocument();
  expect(screen.getByRole('textbox', { name: /^Address of the sender/ })).not.toHaveAttribute('readonly');
});

test('limits of the file can be neither changed nor added to', async () => {
  serve(['rateLimits']);
  await config.load();
  visit('limits');
  expect(await screen.findByDisplayValue('*:auth')).toHaveAttribute('readonly');
  expect(screen.getByRole('switch', { name: 'Limit requests' })).toBeDisabled();
  expect(screen.queryByRole('button', { name: 'Add a limit' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Remove *:auth' })).toBeNull();
});

test('addresses that ours is not among are saved after a question alone', async () => {
  serve();
  visit('network');
  const box = await screen.findByRole('textbox', { name: 'Addresses of superusers' });
  await screen.findByText(/You come from 192\.0\.2\.7/);
  await userEvent.type(box, '10.0.0.0/8');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  const asked = screen.getByRole('dialog', { name: 'You may lock yourself out' });
  expect(sent).toEqual([]);
  await userEvent.click([...asked.querySelectorAll('footer button')].at(-1)!);
  await vi.waitFor(() => expect(sent).toEqual([{ superuserIPs: ['10.0.0.0/8'] }]));
});

test('addresses that ours is among are saved at once', async () => {
  serve();
  visit('network');
  const box = await screen.findByRole('textbox', { name: 'Addresses of superusers' });
  await screen.findByText(/You come from 192\.0\.2\.7/);
  await userEvent.type(box, '192.0.2.0/24');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await vi.waitFor(() => expect(sent).toEqual([{ superuserIPs: ['192.0.2.0/24'] }]));
});

test.each([403, 500])('status %i is told', async (status) => {
  serve([], status);
  visit('application');
  expect(await screen.findByText('The settings could not be read')).toBeInTheDocument();
});
