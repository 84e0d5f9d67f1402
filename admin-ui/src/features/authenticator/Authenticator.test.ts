import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { api, ApiError } from '../../api';
import { session } from '../../session.svelte';
import Authenticator from './Authenticator.svelte';

const secret = { secret: 'JBSWY3DPEHPK3PXP', url: 'otpauth://totp/Tour:root@example.com?secret=JBSWY3DPEHPK3PXP' };
const codes = ['abcd-efgh-ijkl-mnop', 'bbbb-cccc-dddd-eeee'];
const stale = () => new ApiError(403, 'Sign in again to change how you sign in.');

afterEach(() => {
  vi.restoreAllMocks();
  session.end('asked');
});

function show(enabled: boolean, recoveryCodes = 0) {
  vi.spyOn(api.authenticator, 'state').mockResolvedValue({ enabled, recoveryCodes });
  render(Authenticator);
}

const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }));
const dialog = (name: string) => screen.findByRole('dialog', { name });
const answerWith = async (title: string, name: string) => userEvent.click(within(await dialog(title)).getByRole('button', { name }));

test('is set up with a secret and a code, and tells the recovery codes', async () => {
  vi.spyOn(api.authenticator, 'begin').mockResolvedValue(secret);
  const confirm = vi.spyOn(api.authenticator, 'confirm')
    .mockRejectedValueOnce(new ApiError(400, 'No.', { code: { code: 'validation_invalid_code', message: 'The code is not right.' } }))
    .mockResolvedValueOnce(codes);
  show(false);
  await press('Set up');
  const code = await screen.findByLabelText('Code');
  expect(screen.getByRole('img', { name: /QR code/ })).toBeInTheDocument();
  expect(screen.getByText('JBSW Y3DP EHPK 3PXP')).toBeInTheDocument();
  expect(screen.getByRole('link', { name: 'open it there' })).toHaveAttribute('href', secret.url);
  await userEvent.type(code, '12{Enter}');
  expect(code).toHaveAccessibleDescription(/six digits/);
  expect(confirm).not.toHaveBeenCalled();
  await userEvent.type(code, '3 456{Enter}');
  await waitFor(() => expect(code).toHaveAccessibleDescription(/not right/));
  expect(code).toHaveFocus();
  await userEvent.type(code, '{Enter}');
  const told = within(await dialog('Your recovery codes'));
  expect(told.getAllByRole('listitem').map(({ textContent }) => textContent)).toEqual(codes);
  expect(confirm).toHaveBeenLastCalledWith('123456');
  await userEvent.click(told.getByRole('button', { name: 'I have kept them' }));
  expect(await screen.findByText(/2 recovery codes are left/)).toBeInTheDocument();
  expect(screen.queryByText(codes[0]!)).toBeNull();
});

test('recovery codes can be made anew, after a question', async () => {
  const renew = vi.spyOn(api.authenticator, 'newRecoveryCodes').mockResolvedValue(codes);
  show(true, 1);
  expect(await screen.findByText(/1 recovery code is left/)).toBeInTheDocument();
  await press('New recovery codes');
  expect(renew).not.toHaveBeenCalled();
  await answerWith('Make new recovery codes?', 'Make new ones');
  expect(within(await dialog('Your recovery codes')).getAllByRole('listitem')).toHaveLength(2);
});

test('is removed after a question, and the focus stays in its part of the page', async () => {
  const remove = vi.spyOn(api.authenticator, 'remove').mockResolvedValue();
  show(true, 10);
  await press('Remove');
  await answerWith('Remove the authenticator?', 'Remove');
  const setUp = await screen.findByRole('button', { name: 'Set up' });
  expect(remove).toHaveBeenCalledExactlyOnceWith();
  await waitFor(() => expect(setUp).toHaveFocus());
});

test('a sign-in that is long ago is asked for again, and the page is the same afterwards', async () => {
  const at = location.hash;
  session.begin({ token: 'a.b.c', record: { id: 'r', collectionId: 'c', collectionName: '_superusers' } });
  vi.stubGlobal('fetch', vi.fn(async () => new Response(null, { status: 204 })));
  vi.spyOn(api.authenticator, 'begin').mockRejectedValue(stale());
  show(false);
  await press('Set up');
  await answerWith('Sign in again first', 'Sign in again');
  expect(session.token).toBe('');
  expect(session.ended).toBe('stale');
  expect(location.hash).toBe(at);
});

test('a sign-in that grows old while the secret is shown is asked for as well', async () => {
  vi.spyOn(api.authenticator, 'begin').mockResolvedValue(secret);
  vi.spyOn(api.authenticator, 'confirm').mockRejectedValue(stale());
  show(false);
  await press('Set up');
  await userEvent.type(await screen.findByLabelText('Code'), '123456{Enter}');
  expect(await dialog('Sign in again first')).toBeInTheDocument();
});

test('another refusal is told as it is, for a new sign-in would not help', async () => {
  vi.spyOn(api.authenticator, 'remove').mockRejectedValue(new ApiError(403, 'Not you.'));
  show(true, 10);
  await press('Remove');
  await answerWith('Remove the authenticator?', 'Remove');
  expect(await screen.findByRole('alert')).toHaveTextContent('Not you.');
});

test('a failure is told and can be tried again', async () => {
  const state = vi.spyOn(api.authenticator, 'state').mockRejectedValueOnce(new ApiError(500, 'Broken.')).mockResolvedValue({ enabled: true, recoveryCodes: 0 });
  render(Authenticator);
  expect(await screen.findByText('Broken.')).toBeInTheDocument();
  await press('Try again');
  expect(await screen.findByText(/No recovery code is left/)).toBeInTheDocument();
  expect(state).toHaveBeenCalledTimes(2);
});
