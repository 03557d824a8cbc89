import { createServer, type Server, type ServerResponse } from 'node:http';
import { describeError, pause, systemCode, WrennError } from '@wrenn/core';
import { Registry } from 'prom-client';
import { type ListenAddress, listen } from '../listen.ts';
import type { Logger } from '../logger.ts';
import { type ScraperOptions, scraper } from './scraper.ts';

const requestMs = 10_000;
const mostConnections = 32;
/** Between two tries to get an address that another process has. */
const retryMs = 1_000;

export interface MetricsOptions extends ScraperOptions {
  /** Undefined: nothing is served. */
  readonly address: ListenAddress | undefined;
  /** The setting that the address is from. */
  readonly variable: string;
}

/**
 * `GET /metrics` on a listener of its own: neither the API's nor the edge's clients get there. An address that is in use
 * is waited for, since no process should be kept from its work by its metrics; any other fault of it is thrown.
 */
export class MetricsServer implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #log: Logger;
  #server: Server | undefined;
  #url: string | undefined;
  #waiting: Promise<void> | undefined;

  private constructor(log: Logger) {
    this.#log = log;
  }

  static async start(options: MetricsOptions): Promise<MetricsServer> {
    const { address, variable, log } = options;
    const metrics = new MetricsServer(log);
    if (address === undefined) return metrics;
    const scrape = scraper(options);
    const listening = () => metrics.#listen(scrape, address, variable);
    if (!(await listening())) {
      log.error({ address }, `the address of the metrics is in use; ${variable} changes it`);
      metrics.#waiting = metrics.#keepTrying(listening);
    }
    return metrics;
  }

  /** `http://host:port/metrics`; undefined where nothing is served, or not yet. */
  get url(): string | undefined {
    return this.#url;
  }

  /** For what a process says of itself once it is ready. */
  get facts(): Readonly<Record<string, string>> {
    return this.#url === undefined ? {} : { metrics: this.#url };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new WrennError('cancelled', 'the process stops'));
    await this.#waiting;
    const server = this.#server;
    if (server === undefined) return;
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    await closed.promise;
  }

  /** Whether it got the address. */
  async #listen(scrape: () => Promise<string>, address: ListenAddress, variable: string): Promise<boolean> {
    const server = serverOf(scrape, this.#log);
    try {
      this.#url = `http://${await listen(server, address, variable)}/metrics`;
    } catch (thrown) {
      if (thrown instanceof WrennError && systemCode(thrown.cause) === 'EADDRINUSE') return false;
      throw thrown;
    }
    server.on('error', (fault) => this.#log.error({ cause: describeError(fault) }, 'the metrics server'));
    this.#server = server;
    return true;
  }

  /** Never rejects. */
  async #keepTrying(listening: () => Promise<boolean>): Promise<void> {
    const { signal } = this.#stopping;
    try {
      do await pause(retryMs, signal);
      while (!(await listening()));
    } catch (thrown) {
      if (!signal.aborted) this.#log.error({ cause: describeError(thrown) }, 'metrics are not served');
    }
  }
}

function serverOf(scrape: () => Promise<string>, log: Logger): Server {
  const server = createServer({ requestTimeout: requestMs, headersTimeout: requestMs });
  server.maxConnections = mostConnections;
  server.on('request', ({ method, url }, response) => {
    if (url?.split('?', 1)[0] !== '/metrics') response.writeHead(404).end();
    else if (method !== 'GET' && method !== 'HEAD') response.writeHead(405, { allow: 'GET, HEAD' }).end();
    else void answer(response, scrape, log);
  });
  return server;
}

/** Never rejects. */
async function answer(response: ServerResponse, scrape: () => Promise<string>, log: Logger): Promise<void> {
  try {
    const text = await scrape();
    response.writeHead(200, { 'content-type': Registry.PROMETHEUS_CONTENT_TYPE }).end(text);
  } catch (thrown) {
    log.error({ cause: describeError(thrown) }, 'making the text of the metrics');
    response.writeHead(500).end();
  }
}
