import { once } from 'node:events';
import { FakeStateHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { SocketRoute } from '../sockets/socket-route.ts';
import { socketRoutes } from '../sockets/socket-routes.ts';
import { person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { stateOf, type TeamOfOthers, teamOfOthers } from './testing/belongings.ts';
import { keyOf, type Outsider, type Outsiders, outsidersOf } from './testing/outsiders.ts';
import { socketExamples } from './testing/route-examples.ts';

const places = ['/v1/capsules', '/v1/admin/capsules'] as const;
type Place = (typeof places)[number];

/** A socket of the API, as it is opened by somebody who must not. */
interface Guarded {
  readonly place: Place;
  readonly route: SocketRoute;
}

const guarded: readonly Guarded[] = places.flatMap((place) =>
  socketRoutes.map((route) => ({ place, route })),
);

describeOnPostgres('every socket', { startAgent: (tls) => FakeStateHost.start(tls) }, (server) => {
  let team: TeamOfOthers;
  let outsiders: Outsiders;
  let before: unknown;
  beforeAll(async () => {
    team = await teamOfOthers(server().controlPlane);
    outsiders = await outsidersOf(server().controlPlane, team);
    before = await stateOf(server().controlPlane, team.has.team);
  });

  /** How it was refused: by a status in place of the handshake, or by the code of a frame. */
  const refusal = async (
    { place, route }: Guarded,
    headers: Outsider['headers'],
    first?: object,
  ): Promise<number | string> => {
    const { query, first: start } = socketExamples[route.path] ?? {};
    const path = `${place}/${team.has.capsule}${route.path.replace(':selector', '1')}?${query ?? ''}`;
    const socket = new WebSocket(`${server().url.replace('http', 'ws')}${path}`, { headers });
    socket.on('error', () => undefined);
    const frames: string[] = [];
    socket.on('message', (data) => frames.push(String(data)));
    socket.on('open', () => {
      if (first !== undefined) socket.send(JSON.stringify(first));
      if (start !== undefined) socket.send(JSON.stringify(start));
    });
    const refused = once(socket, 'unexpected-response').then(([, response]: unknown[]) => {
      socket.terminate();
      return (response as { statusCode: number }).statusCode;
    });
    const closed = once(socket, 'close').then(() => {
      const [only = '', ...more] = frames;
      const { type, error } = JSON.parse(only) as { type: string; error?: { code: string } };
      return more.length === 0 && type === 'error' ? (error?.code ?? 'no code') : frames.join();
    });
    return await Promise.race([refused, closed]);
  };
  /** The sockets that were not refused as they should be, by name. */
  const wrong = async (
    sockets: readonly Guarded[],
    headersFor: (socket: Guarded) => Outsider['headers'] | Promise<Outsider['headers']>,
    expected: readonly (number | string)[],
    first?: object,
  ) => {
    const found: string[] = [];
    for (const socket of sockets) {
      const how = await refusal(socket, await headersFor(socket), first);
      if (!expected.includes(how)) found.push(`${socket.place}/:id${socket.route.path}: ${how}`);
    }
    return found;
  };
  const session = (token: string) => ({ authorization: `Bearer ${token}` });
  const ofTeams = guarded.filter(({ place }) => place === '/v1/capsules');
  const ofPlatform = guarded.filter(({ place }) => place === '/v1/admin/capsules');

  test('has an example in the table, and every example a socket', () => {
    expect(Object.keys(socketExamples).toSorted()).toEqual(socketRoutes.map(({ path }) => path).toSorted());
  });

  test('is none to a plain request, whoever asks', async () => {
    for (const { place, route } of guarded) {
      const path = `${place}/${team.has.capsule}${route.path.replace(':selector', '1')}`;
      const response = await fetch(`${server().url}${path}`);
      expect([401, 404]).toContain(response.status);
    }
  });

  test('does nothing before it knows who it is', async () => {
    expect(await wrong(guarded, () => ({}), ['unauthorized'], { type: 'auth' })).toEqual([]);
    const nonsense = { type: 'auth', token: 'nonsense' };
    expect(await wrong(guarded, () => ({}), ['unauthorized'], nonsense)).toEqual([]);
    const [spent] = outsiders.spent;
    const token = spent?.headers['authorization']?.slice('Bearer '.length);
    expect(await wrong(guarded, () => ({}), ['unauthorized'], { type: 'auth', token })).toEqual([]);
  });

  test('refuses sessions and keys that are not good any more, or never were', async () => {
    for (const { what, headers } of outsiders.spent) {
      expect(await wrong(guarded, () => headers, [401]), what).toEqual([]);
    }
  });

  test('refuses who is disabled, and who was removed from the team', async () => {
    expect(await wrong(guarded, () => outsiders.disabled.headers, [401, 403])).toEqual([]);
    expect(await wrong(guarded, () => outsiders.removed.headers, [403])).toEqual([]);
  });

  test('refuses whoever is of a team that is deleted', async () => {
    const owner = await person(server().controlPlane, 'Owner');
    const key = await keyOf(server().controlPlane, owner.teamId);
    await owner.rest.get('DELETE', `/teams/${owner.teamId}`);
    expect(await wrong(guarded, () => key, [401])).toEqual([]);
    expect(await wrong(guarded, () => session(owner.token), [403])).toEqual([]);
  });

  test('refuses a key without its scope; below /v1/admin every key', async () => {
    const keyFor = ({ place, route: { auth } }: Guarded) =>
      (place === '/v1/capsules' && auth.scope && outsiders.keyWithout.get(auth.scope)) || outsiders.key;
    expect(await wrong(guarded, keyFor, [403])).toEqual([]);
  });

  test('below /v1/admin refuses who is no administrator, be it the owner of the capsule', async () => {
    const { token } = team.people.owner;
    expect(await wrong(ofPlatform, () => session(token), [403])).toEqual([]);
    const first = { type: 'auth', token };
    expect(await wrong(ofPlatform, () => ({}), ['forbidden'], first)).toEqual([]);
  });

  test('shows strangers nothing of a capsule, however they say who they are', async () => {
    const stranger = await person(server().controlPlane, 'Stranger');
    const key = await keyOf(server().controlPlane, stranger.teamId);
    expect(await wrong(ofTeams, () => session(stranger.token), ['not_found'])).toEqual([]);
    expect(await wrong(ofTeams, () => key, ['not_found'])).toEqual([]);
    const first = { type: 'auth', token: stranger.token };
    expect(await wrong(ofTeams, () => ({}), ['not_found'], first)).toEqual([]);
    const root = await person(server().controlPlane, 'Root', { isAdmin: true });
    expect(await wrong(ofPlatform, () => session(root.token), ['not_found'])).toEqual([]);
  });

  test('has left the team as it was', async () => {
    expect(await stateOf(server().controlPlane, team.has.team)).toEqual(before);
  });
});
