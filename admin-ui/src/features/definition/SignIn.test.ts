import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { api, ApiError, type Collection, type ConfigState } from '../../api';
import { collections } from '../collections/collections.svelte';
import { config } from '../config/config.svelte';
import { toasts } from '../../ui/toasts.svelte';
import SignIn from './SignIn.svelte';

const users = { name: 'users', type: 'auth', ext: { search: ['name'], totp: false } } as Collection;

beforeEach(() => open({}));

afterEach(() => {
  vi.restoreAllMocks();
  config.clear();
  collections.clear();
  toasts.length = 0;
});

async function open(state: Partial<ConfigState>) {
  vi.spyOn(api, 'config').mockResolvedValue({ locked: false, collections: {}, ...state } as ConfigState);
  await config.load();
}

const theSwitch = () => screen.queryByRole('switch', { name: 'Authenticator' });

test('authenticators are switched on, and the rest of the options stays as the server has it now', async () => {
  vi.spyOn(api, 'collection').mockResolvedValue({ ...users, ext: { search: ['name', 'bio'] } });
  const update = vi.spyOn(api, 'updateCollection').mockResolvedValue(users);
  const on = { ...users, ext: { totp: true } };
  vi.spyOn(api, 'collections').mockResolvedValue([on]);
  const { rerender } = render(SignIn, { collection: users });
  expect(theSwitch()).not.toBeChecked();
  await userEvent.click(theSwitch()!);
  await waitFor(() => expect(update).toHaveBeenCalledExactlyOnceWith('users', { ext: { search: ['name', 'bio'], totp: true } }));
  await waitFor(() => expect(collections.byName('users')?.ext?.totp).toBe(true));
  await rerender({ collection: on });
  expect(theSwitch()).toBeChecked();
});

test('a refused change puts the switch back and says why', async () => {
  vi.spyOn(api, 'collection').mockResolvedValue(users);
  vi.spyOn(api, 'updateCollection').mockRejectedValue(new ApiError(400, 'Not here.'));
  render(SignIn, { collection: users });
  await userEvent.click(theSwitch()!);
  await waitFor(() => expect(toasts.at(-1)?.message).toBe('Not here.'));
  await waitFor(() => expect(theSwitch()).not.toBeChecked());
});

test.each([
  ['the API is locked', { locked: true }],
  ['the file says it', { collections: { users: { managed: true } } } as unknown as Partial<ConfigState>],
])('there is no switch where %s', async (_, state) => {
  await open(state);
  render(SignIn, { collection: { ...users, ext: { totp: true } } });
  expect(theSwitch()).toBeNull();
  expect(screen.getByText('Authenticator').nextElementSibling).toHaveTextContent('on');
});

test('superusers may have one on every server', () => {
  render(SignIn, { collection: { ...users, name: '_superusers', system: true, ext: {} } });
  expect(theSwitch()).toBeNull();
  expect(screen.getByText('Authenticator').nextElementSibling).toHaveTextContent('on');
});
