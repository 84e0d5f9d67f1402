import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Job } from '../../api';
import { queue } from './queue.svelte';
import QueuePage from './QueuePage.svelte';
import { groupName, groupsOf } from './words';

const mail: Job = {
  id: 'j1', kind: 'mail', to: 'bob@example.com', subject: 'Your code', state: 'dead', attempts: 12,
  error: 'the mail server does not answer', runAt: '2026-01-01 10:00:00.000Z', created: '2026-01-01 08:00:00.000Z',
};
const hook: Job = { ...mail, id: 'j2', kind: 'webhook', to: 'deploy', subject: 'posts.update' };
const waiting: Job = { ...hook, id: 'j3', state: 'waiting', subject: 'posts.create', attempts: 0, error: '' };

const asked: string[] = [];
let dead: Job[] = [];

/** Answers lists with these. What is done to a job takes it away, unless the status says no, or it fails anew at once. */
function serve(given: Job[], more: Job[] = [], { list = 200, work = 204, fails = false } = {}) {
  dead = given;
  vi.stubGlobal('fetch', vi.fn(async (address: string, { method }: RequestInit) => {
    asked.push(`${method} ${address.replace('../api', '')}`);
    if (method !== 'GET') {
      if (work === 204 && !fails) dead = dead.filter(({ id }) => !address.includes(`/${id}`));
      return new Response(work === 204 ? null : JSON.stringify({ message: 'No.' }), { status: work });
    }
    const items = address.includes('state=dead') ? dead : more;
    return new Response(JSON.stringify(list === 200 ? { items, totalItems: items.length } : { message: 'No.' }), { status: list });
  }));
}

beforeEach(() => {
  queue.clear();
  asked.length = 0;
  location.hash = '';
});

test('mails and messages to webhooks are found in one place', async () => {
  serve([mail, hook], [waiting]);
  render(QueuePage);
  const list = within(await screen.findByRole('list', { name: 'Not delivered' }));
  expect(list.getByText('to bob@example.com')).toBeInTheDocument();
  expect(list.getByText('for webhook deploy')).toBeInTheDocument();
  const left = within(screen.getByRole('list', { name: 'Waiting' }));
  expect(left.getByText('posts.create')).toBeInTheDocument();
  expect(left.queryByRole('button')).toBeNull();
});

test('one can be tried again or forgotten', async () => {
  serve([mail, hook]);
  render(QueuePage);
  await userEvent.click(await screen.findByRole('button', { name: 'Try again Your code' }));
  await userEvent.click(screen.getByRole('button', { name: 'Forget posts.update' }));
  expect(asked).toEqual(expect.arrayContaining(['POST /jobs/j1/replay', 'DELETE /jobs/j2']));
  expect(await screen.findByText('Nothing waits')).toBeInTheDocument();
});

test('one that waits for its next attempt need not wait', async () => {
  const again = { ...waiting, id: 'j4', subject: 'posts.delete', attempts: 2 };
  const run = { ...again, id: 'j5', kind: 'cron', subject: 'nightly' };
  serve([], [waiting, again, run]);
  render(QueuePage);
  await userEvent.click(await screen.findByRole('button', { name: 'Try now posts.delete' }));
  await userEvent.click(await screen.findByRole('button', { name: 'Forget posts.delete' }));
  expect(asked).toEqual(expect.arrayContaining(['POST /jobs/j4/replay', 'DELETE /jobs/j4']));
  expect(screen.queryByRole('button', { name: /posts.create|nightly/ })).toBeNull();
});

test('all are tried again, each once, also those that fail anew meanwhile', async () => {
  serve([mail, hook], [], { fails: true });
  await queue.load();
  const sweep = queue.all('replay', () => true);
  expect(queue.sweep).toMatchObject({ action: 'replay', total: 2 });
  expect(await sweep).toMatchObject({ done: 2, failed: 0 });
  expect(asked.filter((one) => one.startsWith('POST'))).toEqual(['POST /jobs/j1/replay', 'POST /jobs/j2/replay']);
  expect(queue.sweep).toBeNull();
});

test('only those that match are taken', async () => {
  serve([mail, hook]);
  await queue.load();
  expect(await queue.all('forget', ({ kind }) => kind === 'webhook')).toMatchObject({ done: 1 });
  expect(queue.dead).toEqual([mail]);
});

test('a server that does not answer stops it, and the reason is told', async () => {
  serve([mail, hook], [], { work: 429 });
  await queue.load();
  expect(await queue.all('forget', () => true)).toMatchObject({ done: 0, failed: 1, reason: 'No.' });
});

test('what somebody else did first is as good as done', async () => {
  serve([mail, hook], [], { work: 404 });
  await queue.load();
  expect(await queue.all('replay', () => true)).toMatchObject({ done: 2, failed: 0 });
});

test('groups are mails, and each webhook', () => {
  expect(groupsOf([hook, mail, waiting]).map(({ group, count }) => [groupName(group), count])).toEqual([['Mails', 1], ['Webhook deploy', 2]]);
});

test.each([403, 500])('status %i is told', async (status) => {
  serve([], [], { list: status });
  render(QueuePage);
  expect(await screen.findByText('The queue could not be read')).toBeInTheDocument();
});
