import { randomInt } from 'node:crypto';

/** What came back: parsed as far as it is JSON. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
  /** Where it leads; empty where it leads nowhere. */
  readonly location: string;
}

/** A browser at an address of its own: it keeps cookies, says where it comes from, and follows no redirect. */
export class Browser {
  readonly url: string;
  /** Seen by a server that trusts 127.0.0.1 as a proxy. */
  readonly address: string;
  readonly cookies = new Map<string, string>();
  userAgent = 'test browser';

  constructor(url: string, address = `198.18.${randomInt(256)}.${randomInt(256)}`) {
    this.url = url;
    this.address = address;
  }

  async get(path: string): Promise<Answer> {
    return await this.send('GET', path);
  }

  async post(path: string, body: unknown = {}): Promise<Answer> {
    return await this.send('POST', path, body);
  }

  async patch(path: string, body: unknown): Promise<Answer> {
    return await this.send('PATCH', path, body);
  }

  async delete(path: string, body?: unknown): Promise<Answer> {
    return await this.send('DELETE', path, body);
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const response = await fetch(new URL(path, this.url), {
      method,
      redirect: 'manual',
      headers: {
        ...(this.cookies.size === 0
          ? {}
          : { cookie: [...this.cookies].map((pair) => pair.join('=')).join('; ') }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        'user-agent': this.userAgent,
        'x-forwarded-for': this.address,
        origin: new URL(this.url).origin,
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const text = await response.text();
    return {
      status: response.status,
      body: text.startsWith('{') || text.startsWith('[') ? (JSON.parse(text) as Record<string, unknown>) : {},
      headers: response.headers,
      location: response.headers.get('location') ?? '',
    };
  }

  #keep(line: string): void {
    const [pair = ''] = line.split(';');
    const at = pair.indexOf('=');
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    if (/Max-Age=0/i.test(line)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}

/** The code of an answer that refuses. */
export function codeOf({ body }: Pick<Answer, 'body'>): unknown {
  return Reflect.get(Object(body['error']), 'code');
}
