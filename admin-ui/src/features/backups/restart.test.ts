import { expect, test } from 'vitest';
import { isBack } from './restart';

/** A server that answers so, and then as it did last; how often it was asked. */
function server(...answers: boolean[]) {
  let asked = 0;
  const isThere = async () => answers[Math.min(asked++, answers.length - 1)]!;
  return { isThere, pause: async () => undefined, asked: () => asked };
}

test('it is back after it was away', async () => {
  const going = server(true, true, false, false, true);
  expect(await isBack(going)).toBe(true);
  expect(going.asked()).toBe(5);
});

test('as long as it only goes on answering it may be about to leave', async () => {
  const fast = server(true);
  expect(await isBack(fast)).toBe(true);
  expect(fast.asked()).toBeGreaterThan(5);
});

test('one that stays away is given up', async () => {
  expect(await isBack(server(true, false))).toBe(false);
});
