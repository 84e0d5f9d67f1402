import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';
import { api } from '../../api';
import { collection, field, record } from '../../features/records/fixtures';
import { session } from '../../session.svelte';
import Cell from './Cell.svelte';
import Input from './Input.svelte';
import { fileToken } from './token.svelte';

const cover = field('cover', 'file', { mimeTypes: ['image/*'] });
const pages = field('pages', 'file', { maxSelect: 3 });
const secret = field('secret', 'file', { protected: true });
const albums = collection('albums', [cover, pages, secret]);
const file = (name: string, type = '') => new File(['x'], name, { type });

/** Properties that a component may write back to, as `bind:` does. */
function bound<T extends object>(given: T): T {
  const props = $state(given);
  return props;
}

/** A person who also picks what the chooser would not show. */
const user = userEvent.setup({ applyAccept: false });
const chooser = () => screen.getByLabelText<HTMLInputElement>(/Choose/);
const button = (name: string) => screen.getByRole('button', { name });
const names = () => screen.queryAllByRole('listitem').map((item) => item.querySelector('.name')?.textContent);

beforeEach(() => {
  vi.restoreAllMocks();
});

function several(stored: string[], value: unknown = stored) {
  const props = bound({ field: pages, id: 'p', value, record: record(albums, '1', { pages: stored }) });
  render(Input, { props });
  return props;
}

it('adds files to those that are stored, and takes them out again', async () => {
  const props = several(['a.pdf']);
  const [one, two] = [file('1.txt'), file('2.txt')];
  await user.upload(chooser(), [one, two]);
  expect(props.value).toEqual(['a.pdf', one, two]);
  expect(names()).toEqual(['a.pdf', '1.txt', '2.txt']);
  expect(screen.getByText('3 of at most 3')).toBeInTheDocument();
  await user.click(button('Remove 1.txt'));
  expect(props.value).toEqual(['a.pdf', two]);
  expect(document.activeElement).toBe(button('Remove 2.txt'));
  await user.click(button('Remove 2.txt'));
  expect(props.value).toEqual(['a.pdf']);
});

it('removes a stored file with the save, and keeps it after all in its old place', async () => {
  const props = several(['a.pdf', 'b.pdf']);
  await user.click(button('Remove a.pdf'));
  expect(props.value).toEqual(['b.pdf']);
  expect(screen.getByText('removed when you save')).toBeInTheDocument();
  expect(document.activeElement).toBe(button('Undo removing a.pdf'));
  await user.keyboard('{Enter}');
  expect(props.value).toEqual(['a.pdf', 'b.pdf']);
});

it('says what does not fit, at the input', async () => {
  const props = several(['a.pdf', 'b.pdf']);
  await user.upload(chooser(), [file('1.txt'), file('2.txt')]);
  expect(names()).toEqual(['a.pdf', 'b.pdf', '1.txt']);
  expect(screen.getByRole('alert')).toHaveTextContent('2.txt was left out: there is room for 3 files.');
  expect(chooser()).toHaveAccessibleDescription(/2.txt was left out/);
  expect(chooser()).toHaveAttribute('aria-invalid', 'true');
  await user.click(button('Remove a.pdf'));
  expect(screen.getByRole('alert').textContent).toBe('');
  await user.upload(chooser(), file('2.txt'));
  await user.click(button('Undo removing a.pdf'));
  expect(screen.getByRole('alert')).toHaveTextContent('a.pdf cannot be kept');
  expect(props.value).toHaveLength(3);
});

it('replaces where there is room for one', async () => {
  const props = bound({ field: cover, id: 'c', value: 'old.png' as unknown, record: record(albums, '1', { cover: 'old.png' }) });
  render(Input, { props });
  expect(chooser()).toHaveAttribute('accept', 'image/*');
  await user.upload(chooser(), file('a.txt', 'text/plain'));
  expect(props.value).toBe('old.png');
  const fresh = file('new.png', 'image/png');
  await user.upload(chooser(), fresh);
  expect(props.value).toBe(fresh);
  expect(screen.getByText('replaced when you save')).toBeInTheDocument();
  await user.click(button('Undo removing old.png'));
  expect(props.value).toBe('old.png');
  await user.upload(chooser(), fresh);
  await user.click(button('Remove new.png'));
  expect(props.value).toBe('old.png');
});

it('leaves a new record untouched once everything is taken out', async () => {
  const props = bound({ field: cover, id: 'c', value: undefined as unknown });
  render(Input, { props });
  await user.upload(chooser(), file('new.png', 'image/png'));
  await user.click(button('Remove new.png'));
  expect(props.value).toBeUndefined();
  expect(document.activeElement).toBe(chooser());
});

it('takes what is dropped, but no folder, and keeps the page when the target is missed', async () => {
  const props = several([]);
  const dropped = file('1.txt');
  const item = (one: File, isDirectory: boolean) => ({ getAsFile: () => one, webkitGetAsEntry: () => ({ isDirectory }) });
  const dataTransfer = { types: ['Files'], items: [item(dropped, false), item(file('photos'), true)] };
  await fireEvent(screen.getByRole('group'), Object.assign(new Event('drop', { bubbles: true, cancelable: true }), { dataTransfer }));
  expect(props.value).toEqual([dropped]);
  expect(screen.getByRole('alert')).toHaveTextContent('photos is a folder.');
  const missed = Object.assign(new Event('drop', { bubbles: true, cancelable: true }), { dataTransfer });
  document.body.dispatchEvent(missed);
  expect(missed.defaultPrevented).toBe(true);
  expect(props.value).toEqual([dropped]);
});

it('only shows what cannot be written', () => {
  render(Input, { props: { field: pages, id: 'p', value: ['a.pdf'], record: record(albums, '1', { pages: ['a.pdf'] }), disabled: true } });
  expect(screen.getByRole('link', { name: 'Open a.pdf in a new tab' })).toBeInTheDocument();
  expect(screen.queryByRole('button')).toBeNull();
});

it('shows pictures, names and a count in a cell', () => {
  const of = record(albums, '1');
  const { container, unmount } = render(Cell, { props: { field: cover, value: 'a.png', record: of } });
  const link = screen.getByRole('link', { name: 'Open a.png in a new tab' });
  expect(link).toHaveAttribute('href', '../api/files/pbc_albums/1/a.png');
  expect(link).toHaveAttribute('rel', 'noopener');
  expect(container.querySelector('img')).toHaveAttribute('src', '../api/files/pbc_albums/1/a.png?thumb=100x100');
  expect(container.querySelector('img')).toHaveAttribute('loading', 'lazy');
  unmount();
  render(Cell, { props: { field: pages, value: ['a.pdf', 'b.pdf', 'c.pdf'], record: of } });
  expect(screen.getAllByRole('link')).toHaveLength(2);
  expect(screen.getByText('+1')).toBeInTheDocument();
});

it('makes no link inside the one of the row, and an icon of a picture that does not come', async () => {
  const { container } = render(Cell, { props: { field: cover, value: 'a.png', record: record(albums, '1'), inLink: true } });
  expect(screen.queryByRole('link')).toBeNull();
  expect(screen.getByText('a.png')).toBeInTheDocument();
  await fireEvent.error(container.querySelector('img')!);
  expect(container.querySelector('img')).toBeNull();
  expect(container.querySelector('svg')).not.toBeNull();
});

it('gets one token for all that is protected, keeps it for a while, and no longer', async () => {
  vi.useFakeTimers({ now: Date.now(), toFake: ['Date'] });
  session.begin({ token: 'x', record: record(albums, 'root') });
  const token = (word: string) => `${word}.${btoa(JSON.stringify({ exp: Date.now() / 1000 + 180 }))}.x`;
  const ask = vi.spyOn(api.files, 'token').mockImplementation(async () => token(`t${ask.mock.calls.length}`));
  const { container } = render(Cell, { props: { field: secret, value: 'a.png', record: record(albums, '1') } });
  render(Cell, { props: { field: secret, value: 'b.png', record: record(albums, '2') } });
  expect(container.querySelector('img')).toBeNull();
  await waitFor(() => expect(container.querySelector('img')?.getAttribute('src')).toMatch(/thumb=100x100&token=t1\./));
  const link = within(container as HTMLElement).getByRole('link');
  expect(link.getAttribute('href')).toMatch(/a\.png\?token=t1\./);
  expect(ask).toHaveBeenCalledOnce();

  await fireEvent.load(container.querySelector('img')!);
  vi.setSystemTime(Date.now() + 170_000);
  const opened: string[] = [];
  const open = (event: Event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    opened.push(link.getAttribute('href')!);
  };
  window.addEventListener('click', open);
  await fireEvent.click(link);
  await waitFor(() => expect(opened).toHaveLength(1));
  expect(opened[0]).toMatch(/token=t2\./);
  window.removeEventListener('click', open);
  // What was shown already is not loaded again.
  expect(container.querySelector('img')!.getAttribute('src')).toMatch(/token=t1\./);
  expect(ask).toHaveBeenCalledTimes(2);

  session.begin({ token: 'y', record: record(albums, 'other') });
  expect(fileToken.current).toBe('');
  session.end('asked');
  vi.useRealTimers();
});
