import { once } from 'node:events';
import { type Agent, get, type IncomingMessage } from 'node:http';

/** Settles when envd answers anything at all; throws what the connection does. */
export async function askHealth(baseUrl: string, agent: Agent, signal: AbortSignal): Promise<void> {
  const asked = get(`${baseUrl}/health`, { agent, signal });
  const [answer]: [IncomingMessage] = await once(asked, 'response').then(([first]) => [first]);
  answer.on('error', () => undefined).resume();
}
