import type { Http } from './http.ts';
import type { CallOptions, CreatedSnapshot, CreateSnapshotOptions, Snapshot, SnapshotType } from './types.ts';
import { answerOf } from './wire.ts';

/** Named states that capsules can be created from. */
export class Snapshots {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Keeps the state that a capsule has now under a name; the capsule goes on as it was, running or paused. */
  async create(
    { capsuleId, name }: CreateSnapshotOptions,
    { signal, idempotencyKey }: CallOptions = {},
  ): Promise<CreatedSnapshot> {
    const body = { sandbox_id: capsuleId, ...(name === undefined ? {} : { name }) };
    const path = '/v1/snapshots';
    return answerOf(await this.#http.send({ method: 'POST', path, body, signal, idempotencyKey }));
  }

  /** The team's own and the platform's, newest first. */
  async list(
    { type }: { readonly type?: SnapshotType } = {},
    { signal }: CallOptions = {},
  ): Promise<Snapshot[]> {
    const path = `/v1/snapshots${type === undefined ? '' : `?type=${type}`}`;
    return answerOf(await this.#http.send({ method: 'GET', path, signal }));
  }

  /** Capsules that were created from it keep what they need of it. */
  async delete(name: string, { signal }: CallOptions = {}): Promise<void> {
    const path = `/v1/snapshots/${encodeURIComponent(name)}`;
    await this.#http.send({ method: 'DELETE', path, signal });
  }
}
