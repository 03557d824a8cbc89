import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { selfTest } from './self-test.ts';

/** An API that answers so, one after the other; the last again and again. */
async function answering(...answers: readonly (readonly [status: number, code: string])[]) {
  const seen = { asked: 0 };
  const server = createServer((request, response) => {
    const [status, code] = answers[Math.min(seen.asked, answers.length - 1)] ?? [500, 'internal_error'];
    seen.asked += 1;
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code, message: `${code} is why` } }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const none = [503, 'no_hosts_available'] as const;

it('a host that the control plane has not heard of yet is waited for, and nothing else', async () => {
  const { url, seen } = await answering(none, none, [403, 'forbidden']);
  const test = selfTest(url, 'wrn_x', new AbortController().signal);
  await expect(test).rejects.toMatchObject({ code: 'forbidden' });
  expect(seen.asked).toBe(3);
});

it('a host that never comes is said to be why', async () => {
  const { url, seen } = await answering(none);
  const stop = new AbortController();
  const test = selfTest(url, 'wrn_x', stop.signal);
  const outcome = expect(test).rejects.toMatchObject({ code: 'no_hosts_available' });
  await expect.poll(() => seen.asked).toBeGreaterThan(1);
  stop.abort();
  await outcome;
});
