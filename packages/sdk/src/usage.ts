import type { Http } from './http.ts';
import type { CallOptions } from './types.ts';
import type { CapsuleStats, StatsRange, UsageOptions, UsageReport } from './usage-types.ts';
import { answerOf } from './wire.ts';

/** What the team's capsules reserve of hosts, now and in the past. */
export class Usage {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** What was used on each day; that of today goes up to now. */
  async days(options: UsageOptions = {}, { signal }: CallOptions = {}): Promise<UsageReport> {
    const path = `/v1/capsules/usage${queryOf(options)}`;
    return answerOf(await this.#http.send({ method: 'GET', path, signal }));
  }

  /** The same as CSV, with exact decimals. */
  async csv(options: UsageOptions = {}, { signal }: CallOptions = {}): Promise<string> {
    const path = `/v1/capsules/usage/export${queryOf(options)}`;
    const response = await this.#http.send({ method: 'GET', path, accept: 'text/csv', signal });
    return await response.text();
  }

  /** What is reserved now, and how that went up and down. */
  async stats(
    { range }: { readonly range?: StatsRange } = {},
    { signal }: CallOptions = {},
  ): Promise<CapsuleStats> {
    const path = `/v1/capsules/stats${range === undefined ? '' : `?range=${range}`}`;
    return answerOf(await this.#http.send({ method: 'GET', path, signal }));
  }
}

function queryOf({ from, to }: UsageOptions): string {
  const query = new URLSearchParams();
  if (from !== undefined) query.set('from', from);
  if (to !== undefined) query.set('to', to);
  return query.size === 0 ? '' : `?${query}`;
}
