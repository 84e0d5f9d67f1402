import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Cron, CronRun } from '../../api';
import { crons } from './crons.svelte';
import RunsDrawer from './RunsDrawer.svelte';
import ScheduledPage from './ScheduledPage.svelte';

const done: CronRun = {
  id: 'r1', job: 'tidy', cause: 'schedule', tick: '2026-01-01 10:00:00.000Z', started: '2026-01-01 10:00:00.000Z',
  finished: '2026-01-01 10:00:01.500Z', outcome: 'done', error: '',
};
const failed: CronRun = { ...done, id: 'r2', cause: 'hand', outcome: 'failed', error: 'no such table: nowhere' };
const tidy: Cron = { id: 'tidy', expression: '0 3 * * *', next: '2999-01-01 03:00:00.000Z', last: done };
const optimize: Cron = { id: '__pbDBOptimize__', expression: '0 0 * * *', next: '2999-01-01 00:00:00.000Z', last: null };

const asked: string[] = [];

/** Answers the list with these, the history with those, and a start with nothing. */
function serve(list: Cron[], runs: CronRun[] = [], status = 200) {
  vi.stubGlobal('fetch', vi.fn(async (address: string, { method }: RequestInit) => {
    asked.push(`${method} ${address.replace('../api', '')}`);
    if (method !== 'GET') return new Response(null, { status: 204 });
    const page = { items: runs, page: 1, perPage: 100, totalItems: runs.length, totalPages: 1 };
    const body = status !== 200 ? { status, message: 'No.', data: {} } : address.includes('/runs') ? page : list;
    return new Response(JSON.stringify(body), { status });
  }));
}

beforeEach(() => {
  crons.clear();
  asked.length = 0;
});

test('jobs are listed with what came of them', async () => {
  serve([tidy, optimize]);
  render(ScheduledPage);
  const own = within(await screen.findByRole('region', { name: 'Jobs' }));
  expect(own.getByRole('link', { name: 'tidy' })).toHaveAttribute('href', '#/scheduled/tidy');
  expect(own.getByText('0 3 * * *')).toBeInTheDocument();
  expect(own.getByText('done')).toBeInTheDocument();
  const system = within(screen.getByRole('region', { name: 'Of Ferrobase itself' }));
  expect(system.getByRole('link', { name: '__pbDBOptimize__' })).toBeInTheDocument();
  expect(asked).toEqual(['GET /crons?details=true']);
});

test('without jobs of a config file it says how to make some', async () => {
  serve([{ ...optimize, next: '' }]);
  render(ScheduledPage);
  expect(await screen.findByText('No jobs of your own')).toBeInTheDocument();
  expect(screen.getByText('never')).toBeInTheDocument();
});

test('a job that is started is followed to its end', async () => {
  serve([tidy]);
  render(ScheduledPage);
  const button = await screen.findByRole('button', { name: 'Run now tidy' });
  serve([{ ...tidy, last: failed }]);
  await userEvent.click(button);
  expect(await screen.findByText('failed')).toHaveAttribute('title', 'no such table: nowhere');
  expect(asked.slice(1)).toEqual(['POST /crons/tidy', 'GET /crons?details=true']);
  expect(button).not.toHaveAttribute('aria-busy');
});

test('a run is followed although another one was skipped meanwhile', async () => {
  const skipped: CronRun = { ...done, id: 'r3', cause: 'hand', outcome: 'skipped', error: 'the run before it was not over' };
  serve([{ ...tidy, last: { ...failed, finished: '', outcome: 'running', error: '' } }]);
  const run = crons.run('tidy');
  await vi.waitFor(() => expect(crons.find('tidy')?.last?.outcome).toBe('running'));
  serve([{ ...tidy, last: skipped }], [skipped, failed]);
  expect(await run).toEqual(failed);
});

test('a server that does not answer says nothing of a run', async () => {
  serve([tidy]);
  await crons.load();
  serve([], [], 503);
  const run = crons.run('tidy');
  await vi.waitFor(() => expect(crons.error).not.toBeNull());
  serve([{ ...tidy, last: failed }]);
  expect(await run).toEqual(failed);
});

test('the history of a job says when it runs, wherever the table is too narrow for it', async () => {
  serve([tidy], [done]);
  await crons.load();
  render(RunsDrawer, { id: 'tidy', onclose: () => undefined });
  expect(await screen.findByRole('list', { name: 'Runs' })).toBeInTheDocument();
  expect(screen.getByText('0 3 * * *')).toBeInTheDocument();
});

test('the history of a job tells why it failed', async () => {
  serve([tidy], [failed, done]);
  render(RunsDrawer, { id: 'a/b', onclose: () => undefined });
  const runs = within(await screen.findByRole('list', { name: 'Runs' })).getAllByRole('listitem');
  expect(runs[0]).toHaveTextContent('by hand');
  expect(runs[0]).toHaveTextContent('no such table: nowhere');
  expect(runs[1]).toHaveTextContent('1.5 s');
  expect(asked).toEqual(['GET /crons/a%2Fb/runs?perPage=100']);
});

test('a job that never ran says so', async () => {
  serve([optimize], []);
  render(RunsDrawer, { id: optimize.id, onclose: () => undefined });
  expect(await screen.findByText('It has not run yet')).toBeInTheDocument();
});

test('a job that is not there is not tried again', async () => {
  serve([tidy], [], 404);
  render(RunsDrawer, { id: 'nothing', onclose: () => undefined });
  expect(await screen.findByText('There is no such job')).toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull();
});

test.each([403, 500])('status %i is told', async (status) => {
  serve([], [], status);
  render(ScheduledPage);
  expect(await screen.findByText('The jobs could not be read')).toBeInTheDocument();
});
