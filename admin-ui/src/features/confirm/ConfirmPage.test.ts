import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { api, ApiError } from '../../api';
import ConfirmPage from './ConfirmPage.svelte';

const token = `x.${btoa(JSON.stringify({ collectionId: 'pbc_1' }))}.y`;

afterEach(() => vi.restoreAllMocks());

test('opening the link is enough to confirm an address', async () => {
  const confirm = vi.spyOn(api, 'confirm').mockResolvedValue();
  render(ConfirmPage, { kind: 'confirm-verification', token });
  expect(await screen.findByText('Your address is confirmed')).toBeVisible();
  expect(confirm).toHaveBeenCalledExactlyOnceWith('pbc_1', 'confirm-verification', { token });
});

test('a new password is asked for twice, and a fault gets the focus', async () => {
  const fault = { code: 'validation_min_text_constraint', message: 'Too short.' };
  const confirm = vi.spyOn(api, 'confirm').mockRejectedValueOnce(new ApiError(400, 'No.', { password: fault })).mockResolvedValueOnce();
  const user = userEvent.setup();
  render(ConfirmPage, { kind: 'confirm-password-reset', token });
  await user.type(screen.getByLabelText('New password'), 'short');
  await user.type(screen.getByLabelText('New password once more'), 'other');
  await user.click(screen.getByRole('button'));
  expect(screen.getByText('The two passwords are not the same.')).toBeVisible();
  expect(confirm).not.toHaveBeenCalled();
  await user.clear(screen.getByLabelText('New password once more'));
  await user.type(screen.getByLabelText('New password once more'), 'short{Enter}');
  expect(await screen.findByText('Too short.')).toBeVisible();
  expect(screen.getByLabelText('New password')).toHaveFocus();
  await user.click(screen.getByRole('button'));
  expect(await screen.findByText('Your password is set')).toBeVisible();
  expect(confirm).toHaveBeenLastCalledWith('pbc_1', 'confirm-password-reset', { token, password: 'short', passwordConfirm: 'short' });
});

test('a link that was used says so', async () => {
  const used = { code: 'validation_invalid_token', message: 'Used.' };
  vi.spyOn(api, 'confirm').mockRejectedValue(new ApiError(400, 'No.', { token: used }));
  const { rerender } = render(ConfirmPage, { kind: 'confirm-verification', token });
  expect(await screen.findByText('This link does not work any more')).toBeVisible();
  await rerender({ kind: 'confirm-email-change', token: 'rubbish' });
  await userEvent.type(screen.getByLabelText('Your password'), 'secret{Enter}');
  expect(await screen.findByText('This link does not work any more')).toBeVisible();
});
