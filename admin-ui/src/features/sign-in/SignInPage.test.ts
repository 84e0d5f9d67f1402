import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, test, vi } from 'vitest';
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

describe('a second step', () => {
  const signedIn = { token: 'a.b.c', record: { id: 'x', email: 'root@example.com' } };

  /** Answers each path by its last segment, and remembers the bodies. */
  function serve(answers: Record<string, [number, unknown, Record<string, string>?]>) {
    const bodies: Record<string, unknown> = {};
    vi.stubGlobal('fetch', vi.fn(async (path: string, { body }: RequestInit) => {
      const way = path.split('/').at(-1)!;
      bodies[way] = JSON.parse(String(body));
      const [status, answered, headers] = answers[way] ?? [404, {}];
      return new Response(JSON.stringify(answered), { status, headers });
    }));
    return { bodies, answers };
  }

  test('with an authenticator takes six digits', async () => {
    const { bodies } = serve({ 'auth-with-password': [401, { mfaId: 'm1', methods: ['totp'] }], 'auth-with-totp': [200, signedIn] });
    await signIn();
    const code = await screen.findByLabelText('Code');
    expect(code).toHaveFocus();
    expect(code).toHaveAttribute('autocomplete', 'one-time-code');
    expect(code).toHaveAttribute('inputmode', 'numeric');
    expect(code).toHaveAccessibleDescription(/app/);
    expect(session.token).toBe('');
    await userEvent.type(code, '123 456{Enter}');
    await waitFor(() => expect(session.record?.email).toBe('root@example.com'));
    expect(bodies['auth-with-totp']).toEqual({ mfaId: 'm1', code: '123456' });
  });

  test('takes a recovery code, for which the keyboard has letters', async () => {
    const { bodies } = serve({ 'auth-with-password': [401, { mfaId: 'm1', methods: ['totp'] }], 'auth-with-totp': [200, signedIn] });
    await signIn();
    await userEvent.type(await screen.findByLabelText('Code'), '12{Enter}');
    await userEvent.click(screen.getByRole('button', { name: 'Use a recovery code' }));
    const code = screen.getByLabelText('Recovery code');
    expect(code).toHaveFocus();
    expect(code).toHaveValue('');
    expect(code).toBeValid();
    expect(code).toHaveAttribute('inputmode', 'text');
    await userEvent.type(code, '123456{Enter}');
    expect(code).toHaveAccessibleDescription(/four groups/);
    expect(bodies['auth-with-totp']).toBeUndefined();
    await userEvent.clear(code);
    await userEvent.type(code, 'abcd-efgh 1234 5678{Enter}');
    await waitFor(() => expect(bodies['auth-with-totp']).toEqual({ mfaId: 'm1', code: 'abcd-efgh12345678' }));
  });

  test('says what is wrong, and leads back to the start with the address kept', async () => {
    const { answers } = serve({ 'auth-with-password': [401, { mfaId: 'm1', methods: ['totp'] }], 'auth-with-totp': [400, { message: 'No.' }] });
    await signIn();
    const code = await screen.findByLabelText<HTMLInputElement>('Code');
    await userEvent.type(code, '12{Enter}');
    expect(code).toHaveAccessibleDescription(/six digits that the app shows now/);
    await userEvent.type(code, '3456{Enter}');
    expect(await screen.findByRole('alert')).toHaveTextContent('The code is not right');
    expect(code).toHaveFocus();
    // What is typed next takes its place.
    await waitFor(() => expect([code.selectionStart, code.selectionEnd]).toEqual([0, 6]));
    answers['auth-with-totp'] = [429, {}, { 'Retry-After': '60' }];
    await userEvent.clear(code);
    await userEvent.type(code, '654321{Enter}');
    await waitFor(() => expect(screen.getByRole('alert')).toHaveTextContent('Try again in 60 seconds.'));
    await userEvent.click(screen.getByRole('button', { name: 'Start again' }));
    expect(screen.getByLabelText('E-mail address')).toHaveValue('root@example.com');
    expect(screen.getByLabelText('Password')).toHaveValue('');
    expect(screen.getByLabelText('Password')).toHaveFocus();
  });

  test('by mail has a code sent to the address that was typed', async () => {
    const { bodies, answers } = serve({
      'auth-with-password': [401, { mfaId: 'm1' }],
      'request-otp': [200, { otpId: 'o1' }],
      'auth-with-otp': [200, signedIn],
    });
    await signIn();
    const code = await screen.findByLabelText('Code');
    expect(code).toHaveFocus();
    expect(code).toHaveAccessibleDescription(/mailed to root@example\.com/);
    expect(bodies['request-otp']).toEqual({ email: 'root@example.com' });
    answers['request-otp'] = [200, { otpId: 'o2' }];
    await userEvent.click(screen.getByRole('button', { name: 'Send another code' }));
    await userEvent.type(code, '12345678{Enter}');
    await waitFor(() => expect(session.record?.email).toBe('root@example.com'));
    expect(bodies['auth-with-otp']).toEqual({ mfaId: 'm1', otpId: 'o2', password: '12345678' });
  });

  test('by mail says when no code could be sent', async () => {
    serve({ 'auth-with-password': [401, { mfaId: 'm1' }], 'request-otp': [403, { message: 'Codes are off.' }] });
    await signIn();
    expect(await screen.findByRole('alert')).toHaveTextContent('Codes are off.');
  });
});

test.each([
  ['expired', 'Your session has ended'],
  ['stale', 'Sign in again'],
] as const)('a session that is %s is told', (why, words) => {
  session.begin({ token: 'a.b.c', record: { id: 'x', collectionId: 'c', collectionName: '_superusers' } });
  session.end(why);
  render(SignInPage);
  expect(screen.getByText(words, { exact: false }).closest('[role=status]')).not.toBeNull();
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
