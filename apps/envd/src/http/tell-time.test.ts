import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { tellTime } from './tell-time.ts';

/** The header of an answer to a request with these headers. */
async function told(headers: Record<string, string>): Promise<string | null> {
  const server = createServer((request, response) => {
    tellTime(request, response);
    response.writeHead(200, { 'content-type': 'text/plain' }).end('here');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const answer = await fetch(`http://127.0.0.1:${port}/`, { headers });
    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(await answer.text()).toBe('here');
    return answer.headers.get('server-timing');
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

describe('an answer', () => {
  it('says how long it took until it began, to whoever traces', async () => {
    expect(await told({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' })).toMatch(
      /^envd;dur=\d+\.\d$/,
    );
  });

  it('says nothing of that to others', async () => {
    expect(await told({})).toBeNull();
  });
});
