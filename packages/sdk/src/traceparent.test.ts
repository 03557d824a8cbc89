import { expect, it } from 'vitest';
import { WrennClient } from './client.ts';

it('says with each request which trace it is part of, where there is one', async () => {
  const sent: (string | null)[] = [];
  let current: string | undefined = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const client = new WrennClient({
    baseUrl: 'http://127.0.0.1:9',
    apiKey: 'wrn_x',
    traceparent: () => current,
    fetch: async (input, init) => {
      sent.push(new Request(input, init).headers.get('traceparent'));
      return new Response(null, { status: 204 });
    },
  });
  const id = 'cl-0000000000000000000000001';
  await client.capsules.destroy(id);
  current = undefined;
  await client.capsules.destroy(id);
  expect(sent).toEqual(['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', null]);
});
