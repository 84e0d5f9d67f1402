import { expect, it } from 'vitest';
import { pageKey, titleOf } from './page';

it('stays the same page while a record, or the form of a new one, is open beside the table', () => {
  const table = pageKey(['collections', 'posts']);
  expect(pageKey(['collections', 'posts', 'records', 'new'])).toBe(table);
  expect(pageKey(['collections', 'posts', 'new'])).toBe(table);
  expect(pageKey(['collections', 'posts', 'definition'])).not.toBe(table);
  expect(titleOf(['collections', 'posts', 'new'])).toBe('posts · Ferrobase');
  expect(pageKey(['mail', 'm1'])).toBe(pageKey(['mail']));
  expect(titleOf(['account'])).toBe('Account · Ferrobase');
  expect(titleOf(['account', 'x'])).toBe('Not found · Ferrobase');
  expect(titleOf(['mail', 'm1'])).toBe('Mail · Ferrobase');
  expect(pageKey(['scheduled', 'tidy'])).toBe(pageKey(['scheduled']));
  expect(titleOf(['scheduled', 'tidy'])).toBe('Scheduled · Ferrobase');
  expect(pageKey(['settings', 'mail'])).toBe(pageKey(['settings']));
  expect(titleOf(['logs', 'l1'])).toBe('Logs · Ferrobase');
  expect(titleOf(['backups'])).toBe('Backups · Ferrobase');
  expect(titleOf(['backups', 'x'])).toBe('Not found · Ferrobase');
  expect(titleOf(['constructor'])).toBe('Not found · Ferrobase');
});
