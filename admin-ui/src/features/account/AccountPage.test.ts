import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { api } from '../../api';
import { session } from '../../session.svelte';
import { entry } from '../sessions/fixtures';
import AccountPage from './AccountPage.svelte';

beforeEach(() => {
  session.begin({ token: 'a.b.c', record: { id: 'r', collectionId: 'c', collectionName: '_superusers', email: 'root@example.com' } });
  const items = [entry('s1', { current: true }), entry('s2')];
  vi.spyOn(api.sessions, 'list').mockResolvedValue({ items, totalItems: 2 });
  vi.spyOn(api.authenticator, 'state').mockResolvedValue({ enabled: false, recoveryCodes: 0 });
});

afterEach(() => {
  session.end('asked');
  vi.restoreAllMocks();
});

const confirm = async (title: string, name: string) => {
  const dialog = await screen.findByRole('dialog', { name: title });
  await userEvent.click(within(dialog).getByRole('button', { name }));
};

test('says who is signed in and where', async () => {
  render(AccountPage);
  expect(screen.getByText('root@example.com')).toBeInTheDocument();
  expect(await screen.findAllByRole('listitem')).toHaveLength(2);
});

test('all other sessions end after a question, and then there is nothing left to end', async () => {
  const endOthers = vi.spyOn(api.sessions, 'endOthers').mockResolvedValue();
  render(AccountPage);
  await userEvent.click(await screen.findByRole('button', { name: 'End all others' }));
  expect(endOthers).not.toHaveBeenCalled();
  await confirm('End all other sessions?', 'End them');
  await waitFor(() => expect(screen.getAllByRole('listitem')).toHaveLength(1));
  expect(endOthers).toHaveBeenCalledOnce();
  expect(screen.getByRole('button', { name: 'End all others' })).toBeDisabled();
  expect(session.token).not.toBe('');
});

test('signing out everywhere ends this session as well', async () => {
  const endAll = vi.spyOn(api.sessions, 'endAll').mockResolvedValue();
  render(AccountPage);
  await userEvent.click(await screen.findByRole('button', { name: 'Sign out everywhere' }));
  await confirm('Sign out everywhere?', 'Sign out everywhere');
  await waitFor(() => expect(session.token).toBe(''));
  expect(endAll).toHaveBeenCalledOnce();
  expect(location.hash).toBe('#/sign-in');
});
