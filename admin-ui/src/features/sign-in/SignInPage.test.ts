import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { session } from '../../session.svelte';
import SignInPage from './SignInPage.svelte';
import { waiting } from './waiting';

afterEach(() => session.end('asked'));

function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  const fetch = vi.fn(async (_path: string, _init: RequestInit) => new Response(JSON.stringify(body), { status, headers }));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

async function signIn() {
  render(SignInPage);
  await userEvent.type(screen.getByLabelText('E-mail address'), 'root@example.com');
  await userEvent.type(screen.getByLabelText('Password'), 'somepassword1');
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
}

test('signs in', async () => {
  const fetch = answer(200, { token: 'a.b.c', record: { id: 'x', email: 'root@example.com' } });
  await signIn();
  expect(session.record?.email).toBe('root@example.com');
  expect(JSON.parse(String(fetch.mock.calls[0]?.[1].body))).toEqual({ identity: 'root@example.com', password: 'somepassword1' });
});

test('a wrong password is said plainly and has to be typed again', async () => {
  answer(400, { status: 400, message: 'Failed to authenticate.', data: {} });
  await signIn();
  expect(await screen.findByRole('alert')).toHaveTextContent('The e-mail address or the password is not right.');
  expect(screen.getByLabelText('Password')).toHaveValue('');
  expect(screen.getByLabelText('Password')).toHaveFocus();
});

test('a throttled sign-in says how long to wait', async () => {
  answer(429, { status: 429, message: 'Too many.', data: {} }, { 'Retry-After': '540' });
  await signIn();
  expect(await screen.findByRole('alert')).toHaveTextContent('Try again in 9 minutes.');
});

test('an empty form asks nobody', async () => {
  const fetch = answer(200, {});
  render(SignInPage);
  await userEvent.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(screen.getByLabelText('E-mail address')).toHaveAccessibleDescription('Enter your e-mail address.');
  expect(fetch).not.toHaveBeenCalled();
});

test('the way back in without a password stands there', () => {
  render(SignInPage);
  expect(screen.getByText('ferrobase superuser upsert you@example.com')).toBeInTheDocument();
});

test.each([
  [1, 'Try again in 1 second.'],
  [61.2, 'Try again in 62 seconds.'],
  [3_600, 'Try again in 60 minutes.'],
  [undefined, 'Wait a while and try again.'],
])('%s seconds are said as “%s”', (seconds, words) => {
  expect(waiting(seconds)).toBe(words);
});
