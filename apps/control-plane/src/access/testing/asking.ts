import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Belongings } from './belongings.ts';
import type { Example } from './route-examples.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A request that is made of an example. */
export interface Wanted {
  readonly method: string;
  /** As the route states it. */
  readonly url: string;
  readonly example: Example;
  readonly of: Belongings;
}

const boundary = 'boundary';
const form = [
  'form-data; name="path"\r\n\r\n/etc/hostname',
  'form-data; name="file"; filename="hostname"\r\nContent-Type: text/plain\r\n\r\ncontent',
]
  .map((part) => `--${boundary}\r\nContent-Disposition: ${part}\r\n`)
  .join('');

/** Plain HTTP, since `fetch` sends no `Upgrade`. */
export async function ask(
  base: string,
  wanted: Wanted,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const { method } = wanted;
  const [type, body] = bodyOf(wanted);
  const request = httpRequest(new URL(pathOf(wanted), base), {
    method,
    headers: { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) },
    agent: false,
    signal: AbortSignal.timeout(20_000),
  });
  const upgraded = once(request, 'upgrade').then(([response]: unknown[]) => response);
  request.end(body);
  const response = (await Promise.race([
    once(request, 'response').then(([answer]: unknown[]) => answer),
    upgraded,
  ])) as IncomingMessage;
  const status = response.statusCode ?? 0;
  if (status !== 101 && !(wanted.example.endless === true && status === 200))
    return { status, body: await text(response) };
  response.socket.destroy();
  return { status, body: '' };
}

function pathOf({ url, example, of }: Pick<Wanted, 'url' | 'example' | 'of'>): string {
  const path = url.replace(/:(\w+)/g, (_, name: string) => {
    const value = example.path?.[name];
    if (value === undefined) throw new TypeError(`the example of ${url} does not say what ${name} is`);
    return encodeURIComponent(typeof value === 'string' ? of[value] : value.text);
  });
  return example.query === undefined ? path : `${path}?${example.query}`;
}

function bodyOf({ method, example, of }: Wanted): [type: string, body: string] {
  if (example.sent === 'form')
    return [`multipart/form-data; boundary=${boundary}`, `${form}--${boundary}--\r\n`];
  if (example.sent === 'bytes') return ['application/octet-stream', 'content'];
  if (method === 'GET' || method === 'HEAD') return ['application/json', ''];
  return ['application/json', example.body === undefined ? '' : JSON.stringify(example.body(of))];
}
