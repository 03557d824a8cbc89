import { FakeStateHost, type TestDatabases, testDatabases } from '@wrenn/testkit';
import type { RouteOptions } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ControlPlane } from '../control-plane.ts';
import { migrateUrl } from '../db/migrator.ts';
import { person } from '../teams/testing/people.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import type { RouteAuth } from './route-auth.ts';
import { type Answer, ask } from './testing/asking.ts';
import {
  type Belongings,
  nothingOf,
  stateOf,
  type TeamOfOthers,
  teamOfOthers,
} from './testing/belongings.ts';
import { keyOf, type Outsider, type Outsiders, outsidersOf } from './testing/outsiders.ts';
import { type Example, exampleOf, routeExamples } from './testing/route-examples.ts';

/** A test here asks each of some hundred routes, many with a team of their own. */
const limitMs = 180_000;

/** A route that asks who it is, with how it is asked. */
interface Guarded {
  readonly method: string;
  readonly url: string;
  readonly auth: Exclude<RouteAuth, 'none'>;
  readonly example: Example;
}

describeOnEachPostgres(
  'every route',
  (version) => {
    let databases: TestDatabases;
    let server: TestServer<FakeStateHost>;
    let controlPlane: ControlPlane;
    let team: TeamOfOthers;
    let outsiders: Outsiders;
    let before: unknown;
    const stated: { method: string; url: string; auth: RouteAuth | undefined }[] = [];
    let guarded: Guarded[];

    beforeAll(async () => {
      databases = await testDatabases(version, migrateUrl);
      const routes: RouteOptions[] = [];
      server = await startTestServer({
        databaseUrl: await databases.fresh(),
        startAgent: async (tls) => {
          const agent = await FakeStateHost.start(tls);
          agent.facts = { ...agent.facts, cpuCores: 256, memoryMb: 1_000_000, diskGb: 10_000 };
          return agent;
        },
        // What is submitted waits: nothing is done meanwhile that nobody asked for.
        variables: { WRENN_BUILDS_AT_ONCE: '0' },
        extensions: [
          {
            name: 'who lists routes',
            middleware: (app) => void app.addHook('onRoute', (route) => void routes.push(route)),
          },
        ],
      });
      ({ controlPlane } = server);
      for (const { method, url, config } of routes) {
        for (const each of [method].flat()) stated.push({ method: each, url, auth: config?.auth });
      }
      guarded = stated.flatMap(({ method, url, auth }) => {
        const example = exampleOf(method, url);
        if (auth === undefined || auth === 'none' || example === undefined || 'open' in example) return [];
        return [{ method, url, auth, example }];
      });
      team = await teamOfOthers(controlPlane);
      outsiders = await outsidersOf(controlPlane, team);
      before = await stateOf(controlPlane, team.has.team);
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
      await databases?.[Symbol.asyncDispose]();
    });

    /** The routes whose answer is not as it should be, by name. */
    const wrong = async (
      routes: readonly Guarded[],
      headersFor: (route: Guarded) => Outsider['headers'] | Promise<Outsider['headers']>,
      isRight: (answer: Answer, route: Guarded) => boolean,
      of: Belongings = team.has,
    ) => {
      const found: string[] = [];
      for (const route of routes) {
        const answer = await ask(server.url, { ...route, of }, await headersFor(route));
        const leaked = leaks(answer, route, of);
        if (isRight(answer, route) && leaked.length === 0) continue;
        const shown = leaked.length === 0 ? answer.body.slice(0, 200) : `shows ${leaked.join(', ')}`;
        found.push(`${route.method} ${route.url}: ${answer.status} ${shown}`);
      }
      return found;
    };
    /** What an answer has of the team that the request itself did not say. */
    const leaks = ({ body }: Answer, { url, method, example }: Guarded, of: Belongings) => {
      const sent = JSON.stringify([
        ...Object.values(example.path ?? {}).map((value) => (typeof value === 'string' ? of[value] : '')),
        example.body?.(of),
        example.query,
        method,
        url,
      ]);
      return team.secrets.filter((secret) => body.includes(secret) && !sent.includes(secret));
    };
    const is =
      (...statuses: readonly number[]) =>
      ({ status }: Answer) =>
        statuses.includes(status);
    const inTeam = () => guarded.filter(({ auth }) => typeof auth === 'object');
    /** Those below /v1/teams/{id}, which go by the team of their path. */
    const byPath = () => guarded.filter(({ url }) => /^\/v1\/teams\/:id/.test(url));
    const session = (token: string) => ({ authorization: `Bearer ${token}` });

    test('has an example in the table, and every example a route', () => {
      const known = stated.filter(({ method, url }) => exampleOf(method, url) === undefined);
      expect(known.map(({ method, url }) => `${method} ${url}`)).toEqual([]);
      const served = new Set(stated.map(({ method, url }) => `${method} ${url}`));
      expect(Object.keys(routeExamples).filter((name) => !served.has(name))).toEqual([]);
      expect(guarded.length).toBeGreaterThan(100);
    });

    test('that asks for no credential says so in the table, and no other does', () => {
      const open = stated.filter(({ method, url }) => 'open' in (exampleOf(method, url) ?? {}));
      const unguarded = stated.filter(({ auth }) => auth === 'none');
      expect(unguarded).toEqual(open);
      for (const { example, auth } of guarded) {
        if (typeof auth === 'object' && auth.role !== 'member') expect(example.role).toBeUndefined();
      }
    });

    test.each([
      ['without a credential', {}],
      ['without one, pretending to open a WebSocket', { connection: 'Upgrade', upgrade: 'websocket' }],
      [
        'without one, with a whole handshake',
        {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        },
      ],
    ])('answers 401 %s', async (_, headers) => {
      expect(await wrong(guarded, () => headers, is(401))).toEqual([]);
    });

    test('answers 401 to sessions and keys that are not good any more, or never were', async () => {
      for (const { what, headers } of outsiders.spent) {
        expect(await wrong(guarded, () => headers, is(401)), what).toEqual([]);
      }
    });

    test('answers 401 to a key of a team that is deleted, and 403 to those who were in it', async () => {
      const owner = await person(controlPlane, 'Owner');
      const key = await keyOf(controlPlane, owner.teamId);
      const nothing = nothingOf(owner.teamId);
      await owner.rest.get('DELETE', `/teams/${owner.teamId}`);
      expect(await wrong(guarded, () => key, is(401), nothing)).toEqual([]);
      const routes = [...inTeam(), ...byPath()];
      expect(await wrong(routes, () => session(owner.token), is(403), nothing)).toEqual([]);
    });

    test('refuses a user who is disabled', async () => {
      const { headers } = outsiders.disabled;
      const routes = guarded.filter(({ auth }) => auth !== 'edge');
      expect(await wrong(routes, () => headers, is(401, 403))).toEqual([]);
    });

    test('that acts for a team refuses whoever was removed from it', async () => {
      const { headers } = outsiders.removed;
      expect(await wrong([...inTeam(), ...byPath()], () => headers, is(403))).toEqual([]);
    });

    test('refuses a key without its scope; where keys have no business, every key', async () => {
      const headersFor = ({ auth }: Guarded) => {
        const scope = typeof auth === 'object' ? auth.scope : undefined;
        return (scope && outsiders.keyWithout.get(scope)) ?? outsiders.key;
      };
      const isRight = (answer: Answer, { auth }: Guarded) => answer.status === (auth === 'edge' ? 401 : 403);
      expect(await wrong(guarded, headersFor, isRight)).toEqual([]);
    });

    test('refuses members without its role', async () => {
      const { owner, admin, member } = team.people;
      const tokenFor = ({ auth, example }: Guarded) => {
        const least = typeof auth === 'object' && auth.role !== 'member' ? auth.role : example.role;
        return least === 'owner' ? admin.token : least === 'admin' ? member.token : owner.token;
      };
      const routes = guarded.filter(
        ({ auth, example }) =>
          auth === 'admin' ||
          auth === 'platform' ||
          example.role !== undefined ||
          (typeof auth === 'object' && auth.role !== 'member'),
      );
      expect(routes.length).toBeGreaterThan(50);
      expect(await wrong(routes, (route) => session(tokenFor(route)), is(403))).toEqual([]);
    });

    test("gives strangers nothing of a team's, whatever IDs they know", async () => {
      const isRight = ({ status }: Answer, { auth, example: { stranger } }: Guarded) => {
        if (auth === 'edge') return status === 401;
        if (stranger === 'refused') return status === 403 || status === 404;
        return stranger === 'unaffected' ? status === 204 : status < 500 || status === 501;
      };
      const signedIn = async () => session((await person(controlPlane, 'Stranger')).token);
      expect(await wrong(guarded, signedIn, isRight)).toEqual([]);
      const byKey = guarded.filter(({ auth }) => typeof auth === 'object' && auth.scope !== undefined);
      const withKey = async () => await keyOf(controlPlane, (await person(controlPlane, 'Stranger')).teamId);
      expect(await wrong(byKey, withKey, isRight)).toEqual([]);
    });

    test("gives strangers nothing of a team's below the name of their own", async () => {
      const stranger = await person(controlPlane, 'Stranger');
      const routes = byPath().filter(({ example }) => Object.keys(example.path ?? {}).length > 1);
      expect(routes.length).toBeGreaterThan(2);
      const mixed = { ...team.has, team: stranger.teamId };
      expect(await wrong(routes, () => session(stranger.token), is(404), mixed)).toEqual([]);
    });

    test("gives administrators nothing of a team's in the name of the platform", async () => {
      const root = await person(controlPlane, 'Root', { isAdmin: true });
      const routes = guarded.filter(
        ({ auth, example }) => auth === 'platform' && example.stranger === 'refused',
      );
      expect(routes.length).toBeGreaterThan(20);
      expect(await wrong(routes, () => session(root.token), is(404))).toEqual([]);
    });

    test('has left the team as it was', async () => {
      expect(server.agent.capsules.has(team.has.capsule)).toBe(true);
      expect(await stateOf(controlPlane, team.has.team)).toEqual(before);
    });

    test('answers whoever it is for, asked in the same way', async () => {
      // These are for others than the owner.
      const except = ['POST /v1/teams/:id/leave', 'POST /v1/invitations/read', 'POST /v1/invitations/accept'];
      const routes = guarded.filter(
        ({ method, url, auth, example }) =>
          (typeof auth === 'object' || auth === 'session') &&
          example.stranger === 'refused' &&
          !except.includes(`${method} ${url}`),
      );
      expect(routes.length).toBeGreaterThan(50);
      for (const route of routes) {
        const { has, people } = await teamOfOthers(controlPlane);
        const { status, body } = await ask(server.url, { ...route, of: has }, session(people.owner.token));
        expect([400, 401, 403, 404], `${route.method} ${route.url}: ${body}`).not.toContain(status);
      }
    });
  },
  { timeout: limitMs },
);
