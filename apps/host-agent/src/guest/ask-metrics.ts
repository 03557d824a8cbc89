import { once } from 'node:events';
import { type Agent, get, type IncomingMessage } from 'node:http';
import type { Secret } from '@wrenn/core';
import { type GuestAnswer, readAnswer } from './guest-request.ts';

/** A hundred times what it is. */
const limitBytes = 64 * 1024;

/** What envd says of what its machine uses; throws what the connection does. */
export async function askMetrics(
  baseUrl: string,
  agent: Agent,
  token: Secret,
  signal: AbortSignal,
): Promise<GuestAnswer> {
  const headers = { 'X-Access-Token': token.reveal() };
  const asked = get(`${baseUrl}/metrics`, { agent, headers, signal });
  // Who reads the answer hears of one that comes when that has begun.
  asked.on('error', () => undefined);
  const [answer]: [IncomingMessage] = await once(asked, 'response').then(([first]) => [first]);
  return await readAnswer(answer, limitBytes);
}
