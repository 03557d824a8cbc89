import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Blob } from './blob.ts';
import type { RegistryConduct } from './conduct.ts';
import type { TestImage, TestImageIndex } from './image.ts';
import { RegistryGate } from './registry-gate.ts';

export interface RegistryRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

interface Kept {
  readonly part: 'manifest' | 'config' | 'layer';
  readonly blob: Blob;
}

const pathPattern = /^\/v2\/(?<repository>.+)\/(?:manifests|blobs)\/(?<name>[^/]+)$/;

/** A registry on this machine that serves what tests give it by the distribution API, and misbehaves as they like. */
export class TestRegistry implements AsyncDisposable {
  conduct: RegistryConduct = { access: { kind: 'everybody' }, failures: [] };
  /** What was asked, in its order. */
  readonly requests: RegistryRequest[] = [];
  readonly #gate = new RegistryGate();
  readonly #kept = new Map<string, Kept>();
  readonly #scheme: 'http' | 'https';
  readonly #server;

  private constructor(tls: { readonly cert: Buffer; readonly key: Buffer } | undefined) {
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response).catch((thrown: unknown) => {
        response.writeHead(500).end(String(thrown));
      });
    };
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);
  }

  /** On a free port where none is given. */
  static async start(
    tls?: { readonly cert: Buffer; readonly key: Buffer },
    port: number = 0,
  ): Promise<TestRegistry> {
    const registry = new TestRegistry(tls);
    registry.#server.listen(port, '127.0.0.1');
    await once(registry.#server, 'listening');
    return registry;
  }

  /** As it stands before the name of an image. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `${this.#scheme}://${this.host}`;
  }

  /** Keeps an image under `repository:tag`, and returns its whole name. */
  push(repository: string, tag: string, pushed: TestImage | TestImageIndex): string {
    const images = 'images' in pushed ? pushed.images : [pushed];
    const keep = (part: Kept['part'], blob: Blob, name: string = blob.digest) =>
      this.#kept.set(`${repository}/${name}`, { part, blob });
    for (const { manifest, config, layers } of images) {
      keep('manifest', manifest);
      keep('config', config);
      for (const layer of layers) keep('layer', layer);
    }
    keep('manifest', pushed.manifest);
    keep('manifest', pushed.manifest, tag);
    return `${this.host}/${repository}:${tag}`;
  }

  /** As if all tokens that it gave out had become too old. */
  forgetTokens(): void {
    this.#gate.forget();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '/', headers } = request;
    this.requests.push({ method, path, authorization: headers.authorization });
    const failure = this.conduct.failures.shift();
    if (failure !== undefined) return void response.writeHead(failure.status, failure.headers).end();
    const url = new URL(path, this.url);
    if (url.pathname === '/token') {
      const token = await this.#gate.grant(this.conduct, request, url);
      if (token === undefined) return refuse(response, 401, 'UNAUTHORIZED');
      return void response.end(JSON.stringify({ token, expires_in: 300 }));
    }
    const { repository = '', name = '' } = pathPattern.exec(url.pathname)?.groups ?? {};
    const challenge = this.#gate.challenge(this.conduct, request, repository, this.url);
    if (challenge !== undefined) {
      response.setHeader('www-authenticate', challenge);
      return refuse(response, 401, 'UNAUTHORIZED');
    }
    const kept = this.#kept.get(`${repository}/${name}`);
    if (kept === undefined) return refuse(response, 404, 'NAME_UNKNOWN');
    const { redirect } = this.conduct;
    if (kept.part !== 'manifest' && redirect !== undefined) {
      return void response.writeHead(307, { location: redirect(path) }).end();
    }
    this.#send(kept, request, response);
  }

  #send({ part, blob }: Kept, { headers }: IncomingMessage, response: ServerResponse): void {
    const { stallAfter, cutAfter, cuts = Number.POSITIVE_INFINITY } = this.conduct;
    if (part === 'layer' && stallAfter === 0) return;
    const whole = this.conduct.altered === part ? changed(blob.bytes) : blob.bytes;
    const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    const bytes = whole.subarray(from);
    response.writeHead(from === 0 ? 200 : 206, {
      'content-type': blob.mediaType,
      ...(this.conduct.hidesSize === true ? {} : { 'content-length': bytes.length }),
      ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    });
    if (part === 'layer' && stallAfter !== undefined) {
      response.write(bytes.subarray(0, stallAfter));
    } else if (part === 'layer' && cutAfter !== undefined && cuts > 0) {
      this.conduct.cuts = cuts - 1;
      // What is written is sent before the connection ends, so that the other side has got it.
      response.write(bytes.subarray(0, cutAfter), () => response.socket?.end());
    } else {
      response.end(bytes);
    }
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ errors: [{ code, message: 'of the test registry' }] }));
}

function changed(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}
