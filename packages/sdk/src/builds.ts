import type { Build, BuildEvent, FollowOptions, ListBuildsOptions, SubmitOptions } from './build-types.ts';
import { followBuild } from './follow-build.ts';
import { formWithArchive } from './form-with-archive.ts';
import type { Http } from './http.ts';
import type { CallOptions } from './types.ts';
import { answerOf, toWire } from './wire.ts';

/** Templates that are made of recipes. A build goes on when its client is gone. */
export class Builds {
  readonly #http: Http;
  readonly #path: string;

  constructor(http: Http, path: '/v1/builds' | '/v1/admin/builds') {
    this.#http = http;
    this.#path = path;
  }

  /** Resolves when it waits for its turn, with all checked that can be known of it without doing it. */
  async submit({ archive, ...options }: SubmitOptions, { signal }: CallOptions = {}): Promise<Build> {
    const config = configOf(options);
    const form = archive === undefined ? undefined : formWithArchive(config, archive);
    const content =
      form === undefined
        ? { body: config }
        : { stream: form.body, headers: { 'content-type': form.contentType } };
    return answerOf(await this.#http.send({ method: 'POST', path: this.#path, ...content, signal }));
  }

  /** With its log by steps. */
  async get(id: string, { signal }: CallOptions = {}): Promise<Build> {
    return answerOf(await this.#http.send({ method: 'GET', path: this.#pathOf(id), signal }));
  }

  /** Newest first, without their logs. */
  async list(options: ListBuildsOptions = {}, { signal }: CallOptions = {}): Promise<Build[]> {
    const query = new URLSearchParams();
    if (options.limit !== undefined) query.set('limit', String(options.limit));
    if (options.after !== undefined) query.set('after', options.after);
    const path = `${this.#path}${query.size === 0 ? '' : `?${query}`}`;
    return answerOf(await this.#http.send({ method: 'GET', path, signal }));
  }

  /** Ends one that is not over; its steps that were done are kept for the next. */
  async cancel(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#http.send({ method: 'POST', path: `${this.#pathOf(id)}/cancel`, signal });
  }

  /**
   * Yields the log as it grows, each event once and in order, also when the connection breaks meanwhile; the last event
   * is `over`, with the build as it ended. Throws when the server stays away.
   */
  follow(id: string, options: FollowOptions = {}, call: CallOptions = {}): AsyncGenerator<BuildEvent, void> {
    return followBuild(this.#http, `${this.#pathOf(id)}/logs`, options, call);
  }

  #pathOf(id: string): string {
    return `${this.#path}/${encodeURIComponent(id)}`;
  }
}

function configOf({ credentials, ...options }: Omit<SubmitOptions, 'archive'>): object {
  if (credentials === undefined) return toWire(options);
  const logins = Object.entries(credentials).map(([host, login]) => [host, toWire(login)]);
  return { ...toWire(options), credentials: Object.fromEntries(logins) };
}
