import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { createRawSnippet } from 'svelte';
import { expect, test, vi } from 'vitest';
import Dialog from './Dialog.svelte';
import Drawer from './Drawer.svelte';
import { toast } from './toasts.svelte';

const children = createRawSnippet(() => ({ render: () => '<p>Inside</p>' }));
const cross = () => screen.getAllByRole('button', { name: 'Close' })[0] as HTMLElement;

test('a dialog is modal, has the name of its title, and tells its owner that it closed', async () => {
  const shown = vi.spyOn(HTMLDialogElement.prototype, 'showModal');
  const onclose = vi.fn();
  render(Dialog, { title: 'Rename', open: true, children, onclose });
  expect(shown).toHaveBeenCalledOnce();
  expect(screen.getByRole('dialog', { name: 'Rename' })).toContainElement(screen.getByText('Inside'));
  await userEvent.click(cross());
  expect(onclose).toHaveBeenCalledOnce();
  expect(screen.queryByText('Inside')).toBeNull();
});

test('a drawer without changes closes at once', async () => {
  const onclose = vi.fn();
  render(Drawer, { title: 'Edit', open: true, children, onclose });
  await userEvent.click(cross());
  expect(onclose).toHaveBeenCalledOnce();
});

test('a dirty drawer asks first and stays when told so', async () => {
  const onclose = vi.fn();
  render(Drawer, { title: 'Edit', open: true, dirty: true, children, onclose });
  await userEvent.click(cross());
  await userEvent.click(await screen.findByRole('button', { name: 'Keep editing' }));
  expect(onclose).not.toHaveBeenCalled();
  expect(screen.getByText('Inside')).toBeInTheDocument();
  await userEvent.click(cross());
  await userEvent.click(await screen.findByRole('button', { name: 'Discard' }));
  await vi.waitFor(() => expect(onclose).toHaveBeenCalledOnce());
});

test('begins in the first field, and a question at the button that does no harm', async () => {
  const field = createRawSnippet(() => ({ render: () => '<p><input disabled><input aria-label="Name"></p>' }));
  render(Drawer, { title: 'Edit', open: true, dirty: true, children: field });
  expect(screen.getByRole('textbox', { name: 'Name' })).toHaveFocus();
  await userEvent.click(cross());
  expect(await screen.findByRole('button', { name: 'Keep editing' })).toHaveFocus();
});

test('says messages inside as well, where screen readers listen', async () => {
  render(Drawer, { title: 'Edit', open: true, children });
  toast('Record saved', 'good');
  expect(await screen.findByRole('status')).toHaveTextContent('Record saved');
});
