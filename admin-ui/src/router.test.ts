import { afterEach, expect, test, vi } from 'vitest';
import { guard, link, navigate, replaceParams, route } from './router';

const arrived = (path: string) => vi.waitFor(() => expect(route.path).toBe(path));
let release: (() => void) | undefined;

afterEach(async () => {
  release?.();
  navigate('/');
  await arrived('/');
});

test('links carry the parameters that say something', () => {
  expect(link('/collections/posts', { page: 2, sort: '', filter: undefined })).toBe('#/collections/posts?page=2');
  expect(link('config')).toBe('#/config');
});

test('reads path, segments and parameters of an address', async () => {
  navigate('/collections/a%2Fb/records', { filter: 'x = "?"' });
  await arrived('/collections/a%2Fb/records');
  expect(route.segments).toEqual(['collections', 'a/b', 'records']);
  expect(route.params.get('filter')).toBe('x = "?"');
});

test('parameters change in place, without a guard being asked', async () => {
  navigate('/list');
  await arrived('/list');
  const ask = vi.fn(() => false);
  release = guard(ask);
  replaceParams({ page: 3 });
  expect(route.params.get('page')).toBe('3');
  expect(location.hash).toBe('#/list?page=3');
  expect(ask).not.toHaveBeenCalled();
});

test('a guard that says no keeps the place', async () => {
  navigate('/form');
  await arrived('/form');
  const ask = vi.fn(() => false);
  release = guard(ask);
  navigate('/elsewhere');
  await vi.waitFor(() => expect(ask).toHaveBeenCalled());
  expect(route.path).toBe('/form');
});

test('a guard that agrees lets go', async () => {
  release = guard(() => true);
  navigate('/elsewhere');
  await arrived('/elsewhere');
});
