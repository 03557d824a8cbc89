import type { Http } from './http.ts';
import type { CallOptions, PortAccess, PortAccessChange, PortLink, PortLinkOptions } from './types.ts';
import { answerOf, toWire } from './wire.ts';

/** The ports that programs in capsules listen on, as they are reached from outside. */
export class Ports {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Those that something listens on now, ascending. */
  async list(capsuleId: string, { signal }: CallOptions = {}): Promise<readonly number[]> {
    const path = `${pathOf(capsuleId)}/ports`;
    const { ports } = await answerOf<{ ports: number[] }>(
      await this.#http.send({ method: 'GET', path, signal }),
    );
    return ports;
  }

  /** Who may use them, and where they are. */
  async access(capsuleId: string, { signal }: CallOptions = {}): Promise<PortAccess> {
    const path = `${pathOf(capsuleId)}/access`;
    return answerOf(await this.#http.send({ method: 'GET', path, signal }));
  }

  /** Followed within ten seconds; connections that are open stay so. */
  async change(
    capsuleId: string,
    change: PortAccessChange,
    { signal }: CallOptions = {},
  ): Promise<PortAccess> {
    const path = `${pathOf(capsuleId)}/access`;
    return answerOf(await this.#http.send({ method: 'POST', path, body: toWire(change), signal }));
  }

  /** The address of a port, for those who may use it. */
  async url(capsuleId: string, port: number, call: CallOptions = {}): Promise<string> {
    const { urlTemplate } = await this.access(capsuleId, call);
    return urlTemplate.replace('{port}', String(port));
  }

  /** An address that opens one port for whoever has it, in a browser or with any client. */
  async link(
    capsuleId: string,
    port: number,
    options: PortLinkOptions = {},
    { signal }: CallOptions = {},
  ): Promise<PortLink> {
    const path = `${pathOf(capsuleId)}/ports/${port}/link`;
    return answerOf(await this.#http.send({ method: 'POST', path, body: toWire(options), signal }));
  }
}

function pathOf(id: string): string {
  return `/v1/capsules/${encodeURIComponent(id)}`;
}
