import { expect, inject } from 'vitest';
import { forgetTeamLimits } from '../../../apps/control-plane/src/teams/testing/forget-team-limits.ts';
import { type Visit, type Visited, visit } from './page.ts';

/** A call of the API as the page's own person. */
export async function call(
  { context, url }: Visited,
  method: string,
  path: string,
  data?: unknown,
): Promise<unknown> {
  const answer = await context.request.fetch(path, {
    method,
    headers: { origin: url },
    ...(data === undefined ? {} : { data }),
  });
  const body = await answer.text();
  expect(answer.ok(), `${method} ${path}: ${body}`).toBe(true);
  return body === '' ? undefined : JSON.parse(body);
}

/** Opens a page in a team that nobody else works in: what is done in it disturbs no other test. */
export async function visitInNewTeam(
  path: string,
  name: string,
  as: Visit = { as: 'ada@localhost' },
): Promise<Visited & { readonly teamId: string }> {
  const visited = await visit('/wren.svg', as);
  await forgetTeamLimits(inject('dashboard').databaseUrl);
  const { id } = (await call(visited, 'POST', '/v1/teams', { name })) as { readonly id: string };
  await call(visited, 'POST', '/v1/auth/switch-team', { team_id: id });
  await visited.page.goto(path);
  return { ...visited, teamId: id };
}

/** The same as a member of a team of Ada's, which may do less than she. */
export async function visitAsMember(path: string, name: string): Promise<MemberVisited> {
  const owner = await visitInNewTeam('/wren.svg', name);
  try {
    const { teamId } = owner;
    await call(owner, 'POST', `/v1/teams/${teamId}/members`, { email: 'ben@localhost', role: 'member' });
    const visited = await visit('/wren.svg', { as: 'ben@localhost' });
    await call(visited, 'POST', '/v1/auth/switch-team', { team_id: teamId });
    await visited.page.goto(path);
    return {
      ...visited,
      teamId,
      owner,
      async [Symbol.asyncDispose]() {
        await visited[Symbol.asyncDispose]();
        await owner[Symbol.asyncDispose]();
      },
    };
  } catch (thrown) {
    await owner[Symbol.asyncDispose]();
    throw thrown;
  }
}

export interface MemberVisited extends Visited {
  readonly teamId: string;
  /** Ada, who is signed in beside. */
  readonly owner: Visited;
}
