import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';
import { api } from '../api';
import { collections } from '../features/collections/collections.svelte';
import { field, record, tags } from '../features/records/fixtures';
import EditorInput from './editor/Input.svelte';
import JsonInput from './json/Input.svelte';
import NumberInput from './number/Input.svelte';
import RelationCell from './relation/Cell.svelte';
import RelationInput from './relation/Input.svelte';
import { Malformed } from './value';

/** Properties that a component may write back to, as `bind:` does. */
function bound<T extends object>(given: T): T {
  const props = $state(given);
  return props;
}

const some = ['News', 'Rust', 'Meta'].map((name, index) => record(tags, `tag${index}`, { name }));

beforeEach(async () => {
  vi.restoreAllMocks();
  vi.spyOn(api, 'collections').mockResolvedValue([tags]);
  await collections.load();
});

it('says where JSON goes wrong, keeps the text, and goes there', async () => {
  const props = bound({ field: field('meta', 'json'), id: 'meta', value: { a: 1 }, record: record(tags, '1') });
  render(JsonInput, { props });
  const area = screen.getByRole<HTMLTextAreaElement>('textbox');
  expect(area.value).toBe('{\n  "a": 1\n}');
  await fireEvent.input(area, { target: { value: '{"a": 1,\n "b": tru}' } });
  const fault = screen.getByRole('button', { name: /Line 2, column 7/ });
  expect(area).toHaveAttribute('aria-invalid', 'true');
  expect(props.value).toBeInstanceOf(Malformed);
  await fireEvent.click(fault);
  expect(area.selectionStart).toBe(15);
  await fireEvent.input(area, { target: { value: '{"a":   1}' } });
  expect(props.value).toEqual({ a: 1 });
  expect(area.value).toBe('{"a":   1}');
  await fireEvent.click(screen.getByRole('button', { name: 'Format' }));
  expect(area.value).toBe('{\n  "a": 1\n}');
});

it('keeps a number as typed and takes no garbage', async () => {
  const props = bound({ field: field('n', 'number'), id: 'n', value: 1 as unknown, record: record(tags, '1') });
  render(NumberInput, { props });
  const input = screen.getByRole<HTMLInputElement>('textbox');
  await fireEvent.input(input, { target: { value: '1.50' } });
  expect([props.value, input.value]).toEqual([1.5, '1.50']);
  await fireEvent.input(input, { target: { value: '1.50x' } });
  expect(props.value).toBeInstanceOf(Malformed);
  await fireEvent.input(input, { target: { value: '' } });
  expect(props.value).toBeInstanceOf(Malformed);
});

it('previews stored HTML in a frame that may do nothing', async () => {
  render(EditorInput, { props: { field: field('body', 'editor'), id: 'b', value: '<script>alert(1)</script>' } });
  await fireEvent.click(screen.getByRole('button', { name: 'Preview' }));
  const frame = screen.getByTitle('Preview of body');
  expect(frame).toHaveAttribute('sandbox', '');
  expect(document.querySelector('script')).toBeNull();
});

it('finds and takes records by the keyboard alone', async () => {
  const list = vi.spyOn(api.records, 'list').mockImplementation(async (_, query) => ({
    items: query?.filter?.includes('"ru"') ? [some[1]!] : some,
    page: 1,
    perPage: 30,
    totalItems: -1,
    totalPages: -1,
  }));
  const props = bound({ field: field('tags', 'relation', { collectionId: tags.id, maxSelect: 2 }), id: 'r', value: undefined as unknown });
  render(RelationInput, { props });
  const user = userEvent.setup();
  const box = screen.getByRole('combobox');
  box.focus();
  await user.keyboard('{ArrowDown}');
  await waitFor(() => expect(box).toHaveAttribute('aria-expanded', 'true'));
  await user.keyboard('{ArrowDown}{ArrowDown}{ArrowUp}');
  expect(document.getElementById(box.getAttribute('aria-activedescendant')!)).toHaveTextContent('News');
  await user.keyboard('{Enter}');
  expect(props.value).toEqual(['tag0']);
  expect(box).toHaveAttribute('aria-expanded', 'false');

  await user.keyboard('ru');
  await waitFor(() => expect(screen.getAllByRole('option')).toHaveLength(1));
  expect(list).toHaveBeenLastCalledWith('tags', expect.objectContaining({ filter: 'id ~ "ru" || name ~ "ru"' }), expect.anything());
  await user.keyboard('{ArrowDown}{Enter}');
  expect(props.value).toEqual(['tag0', 'tag1']);
  expect(box).toBeDisabled();

  await user.click(screen.getByRole('button', { name: 'Move Rust up' }));
  expect(props.value).toEqual(['tag1', 'tag0']);
  await user.click(screen.getByRole('button', { name: 'Remove Rust' }));
  expect(props.value).toEqual(['tag0']);
});

it('closes its list with Escape, and not the dialog around it', async () => {
  vi.spyOn(api.records, 'list').mockResolvedValue({ items: some, page: 1, perPage: 30, totalItems: -1, totalPages: -1 });
  render(RelationInput, { props: { field: field('tag', 'relation', { collectionId: tags.id }), id: 'r', value: '' } });
  const box = screen.getByRole('combobox');
  await fireEvent.keyDown(box, { key: 'ArrowDown' });
  await waitFor(() => expect(box).toHaveAttribute('aria-expanded', 'true'));
  const goesOn = await fireEvent.keyDown(box, { key: 'Escape' });
  expect(box).toHaveAttribute('aria-expanded', 'false');
  expect(goesOn).toBe(false);
  expect(await fireEvent.keyDown(box, { key: 'Escape' })).toBe(true);
});

it('marks a target that is not there', async () => {
  vi.spyOn(api.records, 'list').mockResolvedValue({ items: [], page: 1, perPage: 1, totalItems: -1, totalPages: -1 });
  render(RelationInput, { props: { field: field('tag', 'relation', { collectionId: tags.id }), id: 'r', value: 'gone' } });
  expect(await screen.findByText('missing')).toBeInTheDocument();
});

it('shows in a table which target is missing', () => {
  const of = record(tags, '1', { expand: { tags: [some[0]] } });
  render(RelationCell, { props: { field: field('tags', 'relation', { collectionId: tags.id }), value: ['tag0', 'gone'], record: of } });
  expect(screen.getByText('News')).not.toHaveClass('missing');
  expect(screen.getByText('missing').parentElement).toHaveTextContent('missinggone');
});
