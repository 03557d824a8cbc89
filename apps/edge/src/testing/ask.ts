import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { bodyOf } from './edge-under-test.ts';

/** What the guest saw of a request, as JSON. */
export const mirror: RequestListener = (request, response) => {
  void bodyOf(request).then((body) => {
    const { method, url, rawHeaders, rawTrailers } = request;
    response.end(JSON.stringify({ method, url, rawHeaders, rawTrailers, body }));
  });
};

/** An edge, and the name of a port behind it. */
interface Asked {
  readonly address: string;
  readonly host: string;
}

export interface Ask {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

export async function ask(
  edge: Asked,
  { path = '/', method = 'GET', headers = {}, body }: Ask,
): Promise<IncomingMessage> {
  const sent = httpRequest(`http://${edge.address}`, {
    path,
    method,
    headers: { host: edge.host, ...headers },
    agent: false,
  });
  // Also after the answer has begun, where a test looks at the answer.
  sent.on('error', () => undefined);
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

/** What the guest saw of it, where the guest is a `mirror`. */
export async function seen(edge: Asked, asked: Ask) {
  const { method, url, rawHeaders, body } = JSON.parse(await bodyOf(await ask(edge, asked))) as {
    method: string;
    url: string;
    rawHeaders: string[];
    body: string;
  };
  const headers: Record<string, string> = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers[rawHeaders[index]?.toLowerCase() ?? ''] = rawHeaders[index + 1] ?? '';
  }
  return { method, url, headers, body };
}
