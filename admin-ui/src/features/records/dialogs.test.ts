import { fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { api, ApiError, type Page, type RecordModel } from '../../api';
import { collections } from '../collections/collections.svelte';
import DeleteDialog from './DeleteDialog.svelte';
import { collection, field, post, posts, record, tags } from './fixtures';
import RecordDrawer from './RecordDrawer.svelte';
import RecordsPage from './RecordsPage.svelte';

const comments = collection('comments', [field('post', 'relation', { collectionId: posts.id, cascadeDelete: true })]);

function page(items: RecordModel[], totalItems = items.length): Page<RecordModel> {
  return { items, page: 1, perPage: 1000, totalItems, totalPages: 1 };
}

beforeEach(async () => {
  vi.restoreAllMocks();
  vi.spyOn(api, 'collections').mockResolvedValue([posts, tags, comments]);
  vi.spyOn(api.records, 'list').mockResolvedValue(page([]));
  await collections.load();
});

function drawer(id: string | undefined) {
  const on = { onclose: vi.fn(), onsaved: vi.fn(), onduplicate: vi.fn(), ondeleted: vi.fn() };
  render(RecordDrawer, { props: { collection: posts, id, copyOf: null, ...on } });
  return on;
}

const title = () => screen.findByRole('textbox', { name: /title/ });

describe('a copy', () => {
  it('asks before it is left once something was changed, not before', async () => {
    vi.spyOn(api.records, 'view').mockResolvedValue(post('1'));
    const onclose = vi.fn();
    const on = { onsaved: vi.fn(), onduplicate: vi.fn(), ondeleted: vi.fn() };
    const copied = render(RecordDrawer, { props: { collection: posts, id: undefined, copyOf: '1', onclose, ...on } });
    expect(await title()).toHaveValue('Hello');
    expect(screen.getByRole('button', { name: 'Create' })).toBeEnabled();
    await userEvent.click(screen.getAllByRole('button', { name: 'Close' })[0]!);
    await waitFor(() => expect(onclose).toHaveBeenCalledOnce());
    copied.unmount();
    render(RecordDrawer, { props: { collection: posts, id: undefined, copyOf: '1', onclose, ...on } });
    await fireEvent.input(await title(), { target: { value: 'Hello again' } });
    await userEvent.click(screen.getAllByRole('button', { name: 'Close' })[0]!);
    expect(await screen.findByRole('button', { name: 'Keep editing' })).toBeInTheDocument();
    expect(onclose).toHaveBeenCalledOnce();
  });
});

describe('a new record', () => {
  it('sends what was touched alone, so that defaults act', async () => {
    const create = vi.spyOn(api.records, 'create').mockResolvedValue(post('new1'));
    const on = drawer(undefined);
    await fireEvent.input(await title(), { target: { value: 'Hi' } });
    expect(screen.getByRole('option', { name: 'Default: draft' })).toBeInTheDocument();
    await fireEvent.click(screen.getByRole('button', { name: 'Create' }));
    await waitFor(() => expect(on.onsaved).toHaveBeenCalled());
    expect(create).toHaveBeenCalledWith('posts', { title: 'Hi' }, expect.anything());
  });

  it('shows what the server says at each field, and the rest above', async () => {
    const data = { title: { code: 'validation_required', message: 'Cannot be blank.' }, other: { code: 'x', message: 'No.' } };
    vi.spyOn(api.records, 'create').mockRejectedValue(new ApiError(400, 'Failed to create record.', data));
    drawer(undefined);
    const input = await title();
    await fireEvent.input(input, { target: { value: ' ' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Create' }));
    expect(await screen.findByText('Cannot be blank.')).toBeInTheDocument();
    expect(screen.getByRole('alert')).toHaveTextContent('Failed to create record. other: No.');
    await waitFor(() => expect(document.activeElement).toBe(input));
    expect(input).toHaveAccessibleDescription(/Cannot be blank/);
  });

  it('is not sent while an input makes no value', async () => {
    const create = vi.spyOn(api.records, 'create');
    drawer(undefined);
    await title();
    await fireEvent.input(screen.getByRole('textbox', { name: /views/ }), { target: { value: '1x' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Create' }));
    expect(await screen.findByText('This is not a number.')).toBeInTheDocument();
    expect(create).not.toHaveBeenCalled();
  });
});

describe('a stored record', () => {
  it('sends the changed keys, and saves with Ctrl+S', async () => {
    vi.spyOn(api.records, 'view').mockResolvedValue(post('1'));
    const update = vi.spyOn(api.records, 'update').mockResolvedValue(post('1', { title: 'Bye' }));
    const on = drawer('1');
    await fireEvent.input(await title(), { target: { value: 'Bye' } });
    await fireEvent.keyDown(window, { key: 's', ctrlKey: true });
    await waitFor(() => expect(on.onsaved).toHaveBeenCalledWith(expect.anything(), true, false));
    expect(update).toHaveBeenCalledWith('posts', '1', { title: 'Bye' }, expect.anything());
    expect(on.onclose).not.toHaveBeenCalled();
  });

  it('is not saved over what somebody else saved meanwhile', async () => {
    const theirs = post('1', { title: 'Theirs', views: 5 });
    vi.spyOn(api.records, 'view').mockResolvedValueOnce(post('1')).mockResolvedValue(theirs);
    const update = vi.spyOn(api.records, 'update').mockResolvedValue(theirs);
    drawer('1');
    await fireEvent.input(await title(), { target: { value: 'Mine' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    const shown = within(await screen.findByRole('group', { name: /title/ }));
    expect(shown.getByText('changed by both')).toBeInTheDocument();
    expect(shown.getByRole('radio', { name: /Mine/ })).toBeChecked();
    expect(within(screen.getByRole('group', { name: 'views' })).getByRole('radio', { name: /Theirs/ })).toBeChecked();
    expect(update).not.toHaveBeenCalled();
    await fireEvent.click(screen.getByRole('button', { name: 'Save the chosen' }));
    await waitFor(() => expect(update).toHaveBeenCalledWith('posts', '1', { title: 'Mine' }, expect.anything()));
  });

  it('can be made again when somebody deleted it meanwhile', async () => {
    vi.spyOn(api.records, 'view').mockResolvedValueOnce(post('1')).mockRejectedValue(new ApiError(404, 'Missing.'));
    const create = vi.spyOn(api.records, 'create').mockResolvedValue(post('1'));
    drawer('1');
    await fireEvent.input(await title(), { target: { value: 'Mine' } });
    await fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    await fireEvent.click(await screen.findByRole('button', { name: 'Create it again' }));
    await waitFor(() => expect(create).toHaveBeenCalledWith('posts', expect.objectContaining({ id: '1', title: 'Mine' }), expect.anything()));
  });
});

describe('deleting', () => {
  it('counts what matches first, names what goes along, and wants the number typed', async () => {
    const ids = Array.from({ length: 25 }, (_, i) => record(posts, `id${i}`));
    vi.spyOn(api.records, 'list').mockImplementation(async (name) => (name === 'posts' ? page(ids) : page([], 7)));
    const remove = vi.spyOn(api.records, 'delete').mockImplementation(async (_, id) => {
      if (id === 'id3') throw new ApiError(400, 'It is needed.');
    });
    const onclose = vi.fn();
    render(DeleteDialog, { props: { collection: posts, target: { filter: 'views > 1' }, onclose } });
    expect(await screen.findByRole('heading', { name: 'Delete 25 records of posts?' })).toBeInTheDocument();
    expect(api.records.list).toHaveBeenCalledWith('posts', expect.objectContaining({ filter: 'views > 1', sort: 'id' }), expect.anything());
    expect(await screen.findByText('7 records of comments go as well (by “post”).')).toBeInTheDocument();
    const button = screen.getByRole('button', { name: 'Delete 25 records' });
    expect(button).toBeDisabled();
    await userEvent.type(screen.getByRole('textbox'), '25');
    expect(button).toBeEnabled();
    await fireEvent.click(button);
    expect(await screen.findByText('24 deleted, 1 refused.')).toBeInTheDocument();
    expect(screen.getByRole('row', { name: 'id3 It is needed.' })).toBeInTheDocument();
    expect(remove).toHaveBeenCalledTimes(25);
    await fireEvent.click(screen.getAllByRole('button', { name: 'Close' }).at(-1)!);
    await waitFor(() => expect(onclose).toHaveBeenCalled());
    expect(onclose.mock.calls[0]![0]).toHaveLength(24);
  });
});

describe('the table', () => {
  it('asks for rows and count apart, marks the order, and turns words into a filter', async () => {
    const list = vi.mocked(api.records.list).mockImplementation(async (_, query) => (query?.skipTotal ? page([post('1'), post('2')], -1) : page([], 137)));
    location.hash = '#/collections/posts?sort=-title&filter=hello';
    window.dispatchEvent(new HashChangeEvent('hashchange'));
    render(RecordsPage, { props: { collection: posts } });
    expect(await screen.findByText(/of 137/)).toBeInTheDocument();
    expect(screen.getByRole('columnheader', { name: 'title' })).toHaveAttribute('aria-sort', 'descending');
    const filter = 'id ~ "hello" || title ~ "hello" || body ~ "hello" || status ~ "hello"';
    expect(list).toHaveBeenCalledWith('posts', expect.objectContaining({ filter, sort: '-title', skipTotal: true }), expect.anything());
    expect(list).toHaveBeenCalledWith('posts', { filter, perPage: 1, fields: 'id' }, expect.anything());
    await fireEvent.click(screen.getByLabelText('All rows of this page'));
    await fireEvent.click(screen.getByRole('button', { name: 'Choose all 137 that match' }));
    expect(screen.getByText(/all that match/)).toBeInTheDocument();
  });

  it('shows what the server says against a filter at the box', async () => {
    vi.mocked(api.records.list).mockRejectedValue(new ApiError(400, 'Unknown field "nope".'));
    location.hash = '#/collections/posts?filter=nope%3D1';
    window.dispatchEvent(new HashChangeEvent('hashchange'));
    render(RecordsPage, { props: { collection: posts } });
    await waitFor(() => expect(screen.getByRole('textbox', { name: 'Search or filter' })).toHaveAccessibleDescription('Unknown field "nope".'));
  });
});
