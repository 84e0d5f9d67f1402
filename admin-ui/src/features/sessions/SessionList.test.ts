import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { api, ApiError } from '../../api';
import { entry } from './fixtures';
import SessionList from './SessionList.svelte';
import { Sessions } from './sessions.svelte';
import { methodOf } from './words';

const here = entry('s1', { current: true });
const phone = entry('s2', { method: 'totp', userAgent: 'Mozilla/5.0 (Linux; Android 15; Pixel 9) Firefox/140.0', address: '' });
const script = entry('s3', { userAgent: 'curl/8.5.0' });

afterEach(() => vi.restoreAllMocks());

async function show(items = [here, phone, script]) {
  vi.spyOn(api.sessions, 'list').mockResolvedValue({ items, totalItems: items.length });
  const sessions = new Sessions();
  render(SessionList, { sessions, empty: 'Nobody is here.' });
  await sessions.load();
  return sessions;
}

test('says of each session which device it is, how and when, and where from', async () => {
  await show();
  const [first, second] = await screen.findAllByRole('listitem');
  expect(first).toHaveTextContent(/Firefox on Linux.*this one.*from 198\.51\.100\.7.*Signed in with a password/);
  expect(second).toHaveTextContent(/Firefox on Android.*Signed in with an authenticator/);
  expect(second).not.toHaveTextContent(/this one|from/);
  expect(within(first!).queryByRole('button')).toBeNull();
});

test('one that was ended is gone, and the focus goes to the next', async () => {
  const end = vi.spyOn(api.sessions, 'end').mockResolvedValue();
  await show();
  await userEvent.click(await screen.findByRole('button', { name: 'End the session of Firefox on Android' }));
  await waitFor(() => expect(screen.getAllByRole('listitem')).toHaveLength(2));
  expect(end).toHaveBeenCalledExactlyOnceWith('s2');
  const next = screen.getByRole('button', { name: 'End the session of curl' });
  await waitFor(() => expect(next).toHaveFocus());
  await userEvent.click(next);
  await waitFor(() => expect(screen.getByRole('list')).toHaveFocus());
});

test('one that was gone already counts as ended, another failure leaves it', async () => {
  const end = vi.spyOn(api.sessions, 'end').mockRejectedValueOnce(new ApiError(500, 'Broken.')).mockRejectedValueOnce(new ApiError(404, 'Gone.'));
  const sessions = await show();
  await expect(sessions.end('s2')).rejects.toThrow('Broken.');
  expect(sessions.others).toBe(2);
  await sessions.end('s2');
  expect(sessions.list.map(({ id }) => id)).toEqual(['s1', 's3']);
  expect(end).toHaveBeenCalledTimes(2);
});

test('of another account all are asked for and ended by its name', async () => {
  const account = { collection: 'users', record: 'u1' };
  const list = vi.spyOn(api.sessions, 'list').mockResolvedValue({ items: [script], totalItems: 1 });
  const endAll = vi.spyOn(api.sessions, 'endAll').mockResolvedValue();
  const sessions = new Sessions(account);
  await sessions.load();
  expect(list).toHaveBeenCalledWith(account);
  await sessions.endAll();
  expect(endAll).toHaveBeenCalledWith(account);
  expect(sessions.list).toEqual([]);
});

test('none at all is said, and a failure can be tried again', async () => {
  await show([]);
  expect(await screen.findByText('Nobody is here.')).toBeInTheDocument();
  vi.spyOn(api.sessions, 'list').mockRejectedValueOnce(new ApiError(503, 'Away.'));
  const sessions = new Sessions();
  render(SessionList, { sessions, empty: '' });
  await sessions.load();
  expect(await screen.findByText('Away.')).toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(screen.queryByText('Away.')).toBeNull());
});

test('a way in that is new to the dashboard is called by its name', () => {
  expect(methodOf('webauthn')).toBe('by webauthn');
});
