import { WrennClient } from '@wrenn/sdk';
import { inject } from 'vitest';

/** The installation that the global set-up started. */
function provided() {
  return inject('wrenn');
}

export function client(): WrennClient {
  const { baseUrl, apiKey } = provided();
  return new WrennClient({ baseUrl, apiKey });
}

/** What the `wrenn` command needs to find it. */
export function commandEnvironment(): NodeJS.ProcessEnv {
  const { baseUrl, apiKey, directory } = provided();
  return { ...process.env, WRENN_BASE_URL: baseUrl, WRENN_API_KEY: apiKey, WRENN_DIR: directory };
}

/** A capsule for the length of a block. */
export async function capsule(): Promise<{ readonly id: string } & AsyncDisposable> {
  const api = client();
  const { id } = await api.capsules.create();
  return { id, [Symbol.asyncDispose]: () => api.capsules.destroy(id) };
}

/** An HTTP call as a program without our client would make it. */
export async function call(
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  const { baseUrl, apiKey } = provided();
  const response = await fetch(`${baseUrl}${path}`, {
    method,
    headers: { 'x-api-key': apiKey, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}
