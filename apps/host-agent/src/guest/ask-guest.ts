import { once } from 'node:events';
import { type Agent, get, type IncomingMessage } from 'node:http';
import type { Secret } from '@wrenn/core';
import { type GuestAnswer, readAnswer } from './guest-request.ts';

/** A hundred times what any of them is. */
const limitBytes = 64 * 1024;

/** What envd says of its machine: of what that uses at `/metrics`, of its ports at `/ports`. Throws what the connection does. */
export async function askGuest(
  url: string,
  agent: Agent,
  token: Secret,
  signal: AbortSignal,
): Promise<GuestAnswer> {
  const headers = { 'X-Access-Token': token.reveal() };
  const asked = get(url, { agent, headers, signal });
  // Who reads the answer hears of one that comes when that has begun.
  asked.on('error', () => undefined);
  const [answer]: [IncomingMessage] = await once(asked, 'response').then(([first]) => [first]);
  return await readAnswer(answer, limitBytes);
}
