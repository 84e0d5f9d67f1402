import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { api } from '../../api';
import { session } from '../../session.svelte';
import { entry } from '../sessions/fixtures';
import { collection, field, record } from './fixtures';
import RecordDrawer from './RecordDrawer.svelte';

const users = collection('users', [field('name', 'text', { presentable: true })], { type: 'auth', ext: { totp: true } });
const ann = record(users, 'u1', { name: 'Ann' });
const account = { collection: 'users', record: 'u1' };

beforeEach(() => {
  session.begin({ token: 'a.b.c', record: { id: 'root', collectionId: 'c', collectionName: '_superusers' } });
  vi.spyOn(api.sessions, 'list').mockResolvedValue({ items: [entry('s1'), entry('s2', { userAgent: 'curl/8.5.0' })], totalItems: 2 });
});

afterEach(() => {
  session.end('asked');
  vi.restoreAllMocks();
});

async function open(of = users, shown = ann) {
  vi.spyOn(api.records, 'view').mockResolvedValue(shown);
  const on = { onclose: vi.fn(), onsaved: vi.fn(), onduplicate: vi.fn(), ondeleted: vi.fn() };
  render(RecordDrawer, { collection: of, id: shown.id, copyOf: null, ...on });
  await userEvent.click(await screen.findByRole('button', { name: 'Sessions' }));
}

async function answer(title: string, name: string) {
  const dialog = await screen.findByRole('dialog', { name: title });
  await userEvent.click(within(dialog).getByRole('button', { name }));
}

test('the sessions of an account are listed, and all end after a question', async () => {
  const endAll = vi.spyOn(api.sessions, 'endAll').mockResolvedValue();
  await open();
  expect(await screen.findByText('curl')).toBeInTheDocument();
  expect(api.sessions.list).toHaveBeenCalledWith(account);
  await userEvent.click(screen.getByRole('button', { name: 'End all sessions' }));
  expect(endAll).not.toHaveBeenCalled();
  await answer('End all sessions of “Ann”?', 'End them');
  expect(await screen.findByText('This account is signed in nowhere.')).toBeInTheDocument();
  expect(endAll).toHaveBeenCalledExactlyOnceWith(account);
});

test('an authenticator that was lost is removed, after a question', async () => {
  const remove = vi.spyOn(api.authenticator, 'remove').mockResolvedValue();
  await open();
  await userEvent.click(await screen.findByRole('button', { name: 'Remove authenticator' }));
  expect(remove).not.toHaveBeenCalled();
  await answer('Remove the authenticator of “Ann”?', 'Remove');
  await waitFor(() => expect(remove).toHaveBeenCalledExactlyOnceWith(account));
});

test('where a collection offers none there is none to remove', async () => {
  await open(collection('users', [field('name', 'text', { presentable: true })], { type: 'auth' }));
  expect(await screen.findByRole('button', { name: 'End all sessions' })).toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'Remove authenticator' })).toBeNull();
});

test('one’s own record leads to the page that has them', async () => {
  const superusers = collection('_superusers', [], { type: 'auth' });
  await open(superusers, record(superusers, 'root'));
  expect(await screen.findByRole('link', { name: 'Account' })).toHaveAttribute('href', '#/account');
  expect(api.sessions.list).not.toHaveBeenCalled();
});
