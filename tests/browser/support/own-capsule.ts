import { expect } from 'vitest';
import type { Visited } from './page.ts';

/** A capsule of whoever visits, with files in it by their paths. */
export async function ownCapsule(
  { context, url }: Visited,
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<string> {
  // What changes something with a cookie comes from a page of our own.
  const headers = { origin: url };
  const made = await context.request.post('/v1/capsules', { headers, data: {} });
  expect(made.status()).toBe(201);
  const { id } = (await made.json()) as { readonly id: string };
  for (const [path, data] of Object.entries(files)) {
    const at = `/v1/capsules/${id}/files/content?${new URLSearchParams({ path })}`;
    const written = await context.request.put(at, { headers, data: Buffer.from(data) });
    expect(written.status()).toBe(204);
  }
  return id;
}

/** What a file of it holds now. */
export async function contentOf({ context }: Visited, id: string, path: string): Promise<string> {
  const answer = await context.request.get(
    `/v1/capsules/${id}/files/content?${new URLSearchParams({ path })}`,
  );
  return answer.ok() ? await answer.text() : `status ${answer.status()}`;
}
