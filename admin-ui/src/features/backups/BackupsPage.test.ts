import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Backup } from '../../api';
import { backups } from './backups.svelte';
import BackupsPage from './BackupsPage.svelte';

const old: Backup = { key: 'a_first.zip', size: 2048, modified: '2026-01-01 10:00:00.000Z' };
const young: Backup = { key: '@auto_pb_backup_acme_20260102000000.zip', size: 4096, modified: '2026-01-02 00:00:00.000Z' };
const settings = { backups: { cron: '0 3 * * *', cronMaxKeep: 5, s3: { enabled: true, bucket: 'safe' } } };

const asked: string[] = [];

/** Answers the list with these, and what is done with the status and body that are given. */
function serve(list: Backup[], { status = 200, work = 204, said = {} } = {}) {
  vi.stubGlobal('fetch', vi.fn(async (address: string, { method, body }: RequestInit) => {
    asked.push([method, address.replace('../api', ''), body].filter(Boolean).join(' '));
    if (address.endsWith('/settings')) return new Response(JSON.stringify(settings));
    if (method === 'GET') return new Response(JSON.stringify(status === 200 ? list : { message: 'No.' }), { status });
    return new Response(work === 204 ? null : JSON.stringify(said), { status: work });
  }));
}

beforeEach(() => {
  backups.clear();
  asked.length = 0;
});

/** The last button of a dialog does what it asks about. */
const agree = async (title: string) => {
  const dialog = await screen.findByRole('dialog', { name: title });
  await userEvent.click([...dialog.querySelectorAll('footer button')].at(-1)!);
};

test('the newest stands first, with what the clock does', async () => {
  serve([old, young]);
  render(BackupsPage);
  const rows = (await screen.findAllByRole('row')).slice(1);
  expect(rows[0]).toHaveTextContent(/@auto_.*automatic/);
  expect(rows[1]).toHaveTextContent(/a_first\.zip.*2 kB/);
  expect(screen.getByText('2 backups, 6 kB')).toBeInTheDocument();
  expect(await screen.findByText('Every night at 3:00 UTC, 5 kept')).toBeInTheDocument();
  expect(screen.getByText('in the bucket safe')).toBeInTheDocument();
});

test('one is made by its name, and the list is read anew', async () => {
  serve([old]);
  render(BackupsPage);
  await userEvent.click(await screen.findByRole('button', { name: 'Make a backup' }));
  const dialog = within(await screen.findByRole('dialog', { name: 'Make a backup' }));
  await userEvent.type(dialog.getByLabelText('Name'), 'a_first');
  await agree('Make a backup');
  expect(await dialog.findByText('There is a backup of that name.')).toBeInTheDocument();
  await userEvent.type(dialog.getByLabelText('Name'), '_again');
  await agree('Make a backup');
  await vi.waitFor(() => expect(asked.at(-1)).toBe('GET /backups'));
  expect(asked.at(-2)).toBe('POST /backups {"name":"a_first_again.zip"}');
});

test('a restore wants the name, and a refused one changes nothing', async () => {
  serve([old], { work: 400, said: { message: 'Another backup is being made.', data: {} } });
  render(BackupsPage);
  await userEvent.click(await screen.findByRole('button', { name: 'More for a_first.zip' }));
  await userEvent.click(screen.getByText('Restore…'));
  const dialog = within(await screen.findByRole('dialog', { name: 'Restore this backup?' }));
  const restore = dialog.getByRole('button', { name: 'Restore' });
  expect(restore).toBeDisabled();
  await userEvent.type(dialog.getByLabelText('To go on, type the name of the backup'), 'a_first.zip');
  await userEvent.click(restore);
  expect(await dialog.findByText('Nothing was changed: Another backup is being made.')).toBeInTheDocument();
  expect(asked.at(-1)).toBe('POST /backups/a_first.zip/restore');
});

test('one is deleted after a question', async () => {
  serve([old]);
  render(BackupsPage);
  await userEvent.click(await screen.findByRole('button', { name: 'More for a_first.zip' }));
  await userEvent.click(screen.getByText('Delete…'));
  await agree('Delete this backup?');
  expect(await screen.findByText('No backups yet')).toBeInTheDocument();
  expect(asked.at(-1)).toBe('DELETE /backups/a_first.zip');
});

test.each([
  [403, 'The backups could not be read'],
  [500, 'The backups could not be read'],
  [404, 'This server makes no backups'],
])('status %i is told', async (status, title) => {
  serve([], { status });
  render(BackupsPage);
  expect(await screen.findByText(title)).toBeInTheDocument();
});
