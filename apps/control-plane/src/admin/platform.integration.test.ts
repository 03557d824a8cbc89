import { zeroId } from '@wrenn/core';
import { FakeStateHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { Rest } from '../snapshots/testing/rest.ts';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { platformUuid } from './platform.ts';
import { newEntries } from './testing/new-entries.ts';

const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

describeOnPostgres(
  'capsules and templates of the platform',
  { startAgent: (tls) => FakeStateHost.start(tls) },
  (server) => {
    let root: Person;
    beforeAll(async () => {
      root = await someone('Root', { isAdmin: true });
    });

    const database = () => server().controlPlane.context.database;
    const someone = (name: string, also: { isAdmin?: boolean; email?: string } = {}) =>
      person(server().controlPlane, name, also);
    const written = (work: () => Promise<unknown>, team = platformUuid) => newEntries(database(), team, work);
    test('templates of all teams are listed, and those of the platform deleted; minimal stays', async () => {
      const ann = await someone('Ann');
      const id = await ann.rest.capsule();
      await ann.rest.get('POST', '/snapshots', { sandbox_id: id, name: 'hers' });
      const platformCapsule = String((await root.rest.get('POST', '/admin/capsules', {}))['id']);
      await root.rest.get('POST', `/admin/capsules/${platformCapsule}/snapshot`, { name: 'for-all' });
      const { body } = await root.rest.ask('GET', '/admin/templates');
      expect(body?.['templates']).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ name: 'minimal', type: 'base', platform: true, tags: ['default'] }),
          expect.objectContaining({ name: 'hers', team_id: ann.teamId, visibility: 'team' }),
          expect.objectContaining({ name: 'for-all', type: 'snapshot', platform: true }),
        ]),
      );
      const found = async (q: string, owner = 'all') => {
        const query = new URLSearchParams({ q, owner }).toString();
        const { templates } = await root.rest.get('GET', `/admin/templates?${query}`);
        return (templates as { name: string }[]).map(({ name }) => name);
      };
      expect(await found('R-AL')).toEqual(['for-all']);
      expect(await found("Ann's")).toEqual(['hers']);
      expect(await found(zeroId('template'))).toEqual(['minimal']);
      expect(await found('', 'platform')).toEqual(['for-all', 'minimal']);
      expect(await found('', 'teams')).toEqual(['hers']);
      expect(await found('minimal', 'teams')).toEqual([]);
      expect(await root.rest.ask('DELETE', '/admin/templates/hers')).toMatchObject(refused(404, 'not_found'));
      expect(await root.rest.ask('DELETE', '/admin/templates/minimal')).toMatchObject(
        refused(403, 'forbidden'),
      );
      const onPlatform = await written(() => root.rest.get('DELETE', '/admin/templates/for-all'));
      expect(onPlatform).toMatchObject([{ what: 'template delete', scope: 'admin', by: root.id }]);
      expect(await ann.rest.ask('POST', '/capsules', { template: 'for-all' })).toMatchObject(
        refused(404, 'not_found'),
      );
    });

    test('every administrator works with the capsules of the platform, and nobody else', async () => {
      const other = await someone('Other', { isAdmin: true });
      let id = '';
      const made = await written(async () => {
        id = String((await root.rest.get('POST', '/admin/capsules', {}))['id']);
      });
      expect(made).toEqual([{ what: 'sandbox create', scope: 'admin', on: id, by: root.id }]);
      expect(await other.rest.get('GET', `/admin/capsules/${id}`)).toMatchObject({ id, status: 'running' });
      expect((await other.rest.ask('GET', '/admin/capsules')).body).toMatchObject([{ id }]);
      expect((await root.rest.ask('GET', `/capsules/${id}`)).status).toBe(404);
      const ann = await someone('Ann');
      for (const rest of [ann.rest, new Rest(server().url, server().apiKey)]) {
        expect((await rest.ask('GET', `/admin/capsules/${id}`)).status).toBe(403);
        expect((await rest.ask('DELETE', `/admin/capsules/${id}`)).status).toBe(403);
      }
      const hers = await ann.rest.capsule();
      expect((await root.rest.ask('GET', `/admin/capsules/${hers}`)).status).toBe(404);
      const ended = await written(() => other.rest.get('DELETE', `/admin/capsules/${id}`));
      expect(ended).toEqual([{ what: 'sandbox destroy', scope: 'admin', on: id, by: other.id }]);
    });

    test('a capsule of the platform becomes a template for all, in the place of the one before', async () => {
      const ann = await someone('Ann');
      const snapshot = async () => {
        const id = String((await root.rest.get('POST', '/admin/capsules', {}))['id']);
        const made = await root.rest.ask('POST', `/admin/capsules/${id}/snapshot`, { name: 'tools' });
        expect(made).toMatchObject({ status: 201, body: { name: 'tools', platform: true } });
        expect(server().agent.capsules.has(id)).toBe(false);
        return String(made.body?.['id']);
      };
      const first = await snapshot();
      expect(await ann.rest.capsule({ template: 'tools' })).toMatch(/^cl-/);
      const second = await snapshot();
      expect(second).not.toBe(first);
      expect([server().agent.snapshots.has(first), server().agent.snapshots.has(second)]).toEqual([
        false,
        true,
      ]);
      const listed = (await ann.rest.ask('GET', '/snapshots')).body as unknown as {
        name: string;
        id: string;
      }[];
      expect(listed.filter(({ name }) => name === 'tools')).toMatchObject([{ id: second }]);

      const id = String((await root.rest.get('POST', '/admin/capsules', {}))['id']);
      expect(
        await root.rest.ask('POST', `/admin/capsules/${id}/snapshot`, { name: 'minimal' }),
      ).toMatchObject(refused(409, 'name_reserved'));
      expect(server().agent.capsules.has(id)).toBe(true);
    });
  },
);
