import type { Visited } from './page.ts';

/** Calls the API as the page's own scripts do, as whoever is signed in; for what a test begins with. */
export async function ask<Answer>(
  { page }: Visited,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const call = { method, path, body: body === undefined ? undefined : JSON.stringify(body) };
  const { status, text } = await page.evaluate<{ status: number; text: string }>(`(async () => {
    const { method, path, body } = ${JSON.stringify(call)};
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(path, { method, body, headers });
    return { status: response.status, text: await response.text() };
  })()`);
  if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${text}`);
  return JSON.parse(text || 'null') as Answer;
}

/** A capsule of the team of whoever is signed in, which is destroyed with the test. */
export async function makeCapsule(
  visited: Visited,
  facts: Record<string, unknown>,
): Promise<AsyncDisposable & { readonly id: string }> {
  const { id } = await ask<{ id: string }>(visited, 'POST', '/v1/capsules', facts);
  return { id, [Symbol.asyncDispose]: () => ask(visited, 'DELETE', `/v1/capsules/${id}`) };
}
