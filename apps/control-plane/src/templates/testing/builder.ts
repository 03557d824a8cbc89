import { expect } from 'vitest';
import { z } from 'zod';
import type { Rest } from '../../snapshots/testing/rest.ts';
import type { Person } from '../../teams/testing/people.ts';

type Body = Readonly<Record<string, unknown>>;

/** What other teams write before the names of a team's templates. */
export async function slugOf({ rest, teamId }: Person): Promise<string> {
  const { team } = await rest.get('GET', `/teams/${teamId}`);
  return z.object({ slug: z.string() }).parse(team).slug;
}

/** Builds templates of nothing, on a fake host. */
export class Builder {
  readonly #rest: Rest;
  readonly #path: string;

  /** `path` is where it is asked: `/builds`, or that of administrators. */
  constructor(rest: Rest, path = '/builds') {
    this.#rest = rest;
    this.#path = path;
  }

  async submit(name: string, also: object = {}): Promise<string> {
    const body = { name, recipe: 'ENV A=1', skip_pre_post: true, ...also };
    return String((await this.#rest.get('POST', this.#path, body))['id']);
  }

  /** A build that goes on until it is cancelled. */
  async lasting(name: string, also: object = {}): Promise<string> {
    return await this.submit(name, { recipe: 'RUN ["sleep", "600"]', ...also });
  }

  /** One that failed meanwhile is over too. */
  async cancel(id: string): Promise<void> {
    await this.#rest.ask('POST', `${this.#path}/${id}/cancel`);
    await this.over(id);
  }

  async over(id: string): Promise<Body> {
    const look = async () => await this.#rest.get('GET', `${this.#path}/${id}`);
    await expect
      .poll(async () => (await look())['status'], { interval: 50 })
      .not.toSatisfy((status) => status === 'pending' || status === 'running');
    return await look();
  }

  /** The ID of the new version. */
  async build(name: string, also: object = {}): Promise<string> {
    const build = await this.over(await this.submit(name, also));
    expect(build).toMatchObject({ status: 'success' });
    return String(build['template_id']);
  }
}
