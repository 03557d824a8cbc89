import { describe, expect, it } from 'vitest';
import { WrennClient } from './client.ts';

function sentBy(options: ConstructorParameters<typeof WrennClient>[0]) {
  const sent: Headers[] = [];
  const fetch: typeof globalThis.fetch = async (_url, init) => {
    sent.push(new Headers(init?.headers));
    return Response.json([]);
  };
  return { client: new WrennClient({ baseUrl: 'http://127.0.0.1:9', ...options, fetch }), sent };
}

describe('a client', () => {
  it('sends its key', async () => {
    for (const shown of [{ apiKey: 'wrn_x' }, { credential: { kind: 'key', key: 'wrn_x' } as const }]) {
      const { client, sent } = sentBy(shown);
      await client.capsules.list();
      expect(sent[0]?.get('x-api-key')).toBe('wrn_x');
    }
  });

  it('of a page with a cookie sends nothing itself', async () => {
    const { client, sent } = sentBy({ credential: { kind: 'cookie' } });
    await client.capsules.list();
    expect(sent[0]?.has('x-api-key')).toBe(false);
    expect(sent[0]?.has('authorization')).toBe(false);
  });
});
