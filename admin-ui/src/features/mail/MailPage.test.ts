import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Job, MailEnvelope } from '../../api';
import { mailbox } from './mailbox.svelte';
import MailPage from './MailPage.svelte';

const mail: MailEnvelope = {
  id: 'm1', messageId: '<m1@example.com>', from: 'Blog <hi@example.com>', to: 'ann@example.com',
  subject: 'Please verify your e-mail', created: '2026-01-01 10:00:00.000Z',
};
const job: Job = {
  id: 'j1', kind: 'mail', to: 'bob@example.com', subject: 'Your code', state: 'dead', attempts: 12,
  error: 'the mail server does not answer', runAt: '2026-01-01 10:00:00.000Z', created: '2026-01-01 08:00:00.000Z',
};

const asked: string[] = [];

/** Answers lists with these, and everything else with nothing. */
function serve(mails: MailEnvelope[], jobs: Job[], status = 200) {
  vi.stubGlobal('fetch', vi.fn(async (address: string, { method }: RequestInit) => {
    asked.push(`${method} ${address.replace('../api', '')}`);
    if (method !== 'GET') return new Response(null, { status: 204 });
    const items = address.includes('/mails') ? mails : jobs;
    const body = status === 200 ? { items, totalItems: items.length } : { status, message: 'No.', data: {} };
    return new Response(JSON.stringify(body), { status });
  }));
}

beforeEach(() => {
  mailbox.clear();
  asked.length = 0;
});

test('an empty inbox says what it is for', async () => {
  serve([], []);
  render(MailPage);
  expect(await screen.findByText('No mail')).toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'Empty' })).toBeNull();
});

test('lists mails, and empties the inbox after a question', async () => {
  serve([mail], []);
  render(MailPage);
  const subject = await screen.findByRole('link', { name: 'Please verify your e-mail' });
  expect(subject).toHaveAttribute('href', '#/mail/m1');
  expect(screen.getByText('1 mail in the inbox')).toBeInTheDocument();
  await userEvent.click(screen.getByRole('button', { name: 'Empty' }));
  const dialog = screen.getByRole('dialog', { name: 'Empty the inbox?' });
  await userEvent.click([...dialog.querySelectorAll('footer button')].at(-1)!);
  expect(await screen.findByText('No mail')).toBeInTheDocument();
  expect(asked).toContain('DELETE /mails');
});

test('what was not delivered is said, with the way to it', async () => {
  serve([], [job, { ...job, id: 'j2', kind: 'webhook', to: 'deploy' }]);
  render(MailPage);
  expect(await screen.findByText(/1 mail could not be delivered/)).toBeInTheDocument();
  expect(screen.getByRole('link', { name: 'See them in the queue' })).toHaveAttribute('href', '#/queue?of=mail');
});

test.each([403, 500])('status %i is told', async (status) => {
  serve([], [], status);
  render(MailPage);
  expect(await screen.findByText('The mails could not be read')).toBeInTheDocument();
});
