import { expect, test } from 'vitest';
import { platformAudience } from './audience.ts';
import { LiveClient, mostWaitingBytes } from './client.ts';

const event = (number: number) => Buffer.from(`id: ${number}\n${'x'.repeat(1000)}\n\n`);

async function readAll(client: LiveClient): Promise<string> {
  let text = '';
  client.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await new Promise((resolve) => setImmediate(resolve));
  return text;
}

test('a client that reads is told everything', async () => {
  const client = new LiveClient(platformAudience);
  for (let number = 0; number < 3; number += 1) client.tell(event(number));
  expect(await readAll(client)).toBe([0, 1, 2].map(event).join(''));
});

test('what a client does not read is bounded, and it is told that it missed something when it reads again', async () => {
  const client = new LiveClient(platformAudience);
  for (let number = 0; number < 10_000; number += 1) client.tell(event(number));
  expect(client.readableLength).toBeLessThanOrEqual(mostWaitingBytes);
  const text = await readAll(client);
  expect(text).toContain('event: resync\ndata: {"reason":"lagging"}');
  expect(text.match(/event: resync/g)).toHaveLength(1);
  client.tell(event(77_777));
  await new Promise((resolve) => setImmediate(resolve));
  expect(client.readableLength).toBe(0);
});

test('one that never reads again is given up', () => {
  const client = new LiveClient(platformAudience);
  for (let number = 0; number < 2000; number += 1) client.tell(event(number));
  for (let beat = 0; beat < 4; beat += 1) client.beat();
  expect(client.destroyed).toBe(true);
});
