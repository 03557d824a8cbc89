import { Builds } from './builds.ts';
import { Capsules } from './capsules.ts';
import type { Credential } from './credential.ts';
import { Files } from './files.ts';
import { type Fetch, Http } from './http.ts';
import { Jobs } from './jobs.ts';
import { Live } from './live.ts';
import { Ports } from './ports.ts';
import { Processes } from './processes.ts';
import { Snapshots } from './snapshots.ts';
import { Terminals } from './terminals.ts';
import { Usage } from './usage.ts';

export interface WrennClientOptions {
  /** Default: WRENN_BASE_URL, else `http://127.0.0.1:8080`. */
  readonly baseUrl?: string | undefined;
  /** Or the token of a session. Default: WRENN_API_KEY. */
  readonly apiKey?: string | undefined;
  /** Instead of a key; `cookie` is for pages that Wrenn itself has served. */
  readonly credential?: Credential | undefined;
  readonly fetch?: Fetch | undefined;
  /** The trace that a request is to be part of, as W3C Trace Context writes it; asked before each request. */
  readonly traceparent?: (() => string | undefined) | undefined;
}

const localUrl = 'http://127.0.0.1:8080';

/** A client of one Wrenn, for Node and browsers. Methods throw WrennApiError, or the reason of an aborted signal. */
export class WrennClient {
  readonly capsules: Capsules;
  readonly snapshots: Snapshots;
  readonly builds: Builds;
  /** Of the platform's templates. For administrators: the token of a session stands for the key. */
  readonly platformBuilds: Builds;
  readonly jobs: Jobs;
  /** What changes of what the team has. */
  readonly live: Live;
  /** The same of the platform and the installation, for administrators. */
  readonly platformLive: Live;
  readonly terminals: Terminals;
  /** Those of the platform's capsules, for administrators. */
  readonly platformTerminals: Terminals;
  readonly processes: Processes;
  readonly files: Files;
  readonly ports: Ports;
  readonly usage: Usage;

  constructor(options: WrennClientOptions = {}) {
    const baseUrl = options.baseUrl ?? environment('WRENN_BASE_URL') ?? localUrl;
    const credential = options.credential ?? keyFrom(options.apiKey ?? environment('WRENN_API_KEY'));
    // Browsers refuse a fetch that is called as a method of something else.
    const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    const http = new Http(baseUrl, credential, fetch, options.traceparent);
    this.capsules = new Capsules(http);
    this.snapshots = new Snapshots(http);
    this.builds = new Builds(http, '/v1/builds');
    this.platformBuilds = new Builds(http, '/v1/admin/builds');
    this.jobs = new Jobs(http);
    this.live = new Live(http, '/v1/live');
    this.platformLive = new Live(http, '/v1/admin/live');
    this.terminals = new Terminals(http, '/v1/capsules');
    this.platformTerminals = new Terminals(http, '/v1/admin/capsules');
    this.processes = new Processes(http);
    this.files = new Files(http);
    this.ports = new Ports(http);
    this.usage = new Usage(http);
  }
}

function keyFrom(apiKey: string | undefined): Credential {
  if (apiKey === undefined) throw new TypeError('no API key: pass apiKey, or set WRENN_API_KEY');
  return { kind: 'key', key: apiKey };
}

/** Browsers have no `process`. */
function environment(name: string): string | undefined {
  const value = typeof process === 'undefined' ? undefined : process.env[name];
  return value === '' ? undefined : value;
}
