import { newId, WrennError } from '@wrenn/core';
import { FakeStateHost } from '@wrenn/testkit';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { entriesOf } from '../audit/testing/entries.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { Rest } from './testing/rest.ts';

const key = 'api_key';

describeOnPostgres(
  'snapshots and forks in the audit log',
  { startAgent: (tls) => FakeStateHost.start(tls) },
  (server) => {
    let rest: Rest;
    let parent: string;
    beforeAll(async () => {
      rest = new Rest(server().url, server().apiKey);
    });
    beforeEach(async () => {
      parent = await rest.capsule();
      server().agent.childFault = () => undefined;
      server().agent.beforeSnapshot = async () => {};
      server().agent.beforeFork = async () => {};
    });

    const database = () => server().controlPlane.context.database;
    const ofKind = (kind: string) => entriesOf(database(), { kind });
    const newName = () => `name-${newId('job').slice(4)}`;

    test('one is made and deleted, each written once', async () => {
      const name = newName();
      const once = { 'idempotency-key': name };
      const body = { sandbox_id: parent, name };
      const made = await Promise.all(
        Array.from({ length: 3 }, () => rest.get('POST', '/snapshots', body, once)),
      );
      await rest.ask('DELETE', `/snapshots/${name}`);
      await rest.ask('DELETE', `/snapshots/${name}`);
      expect(await entriesOf(database(), { thing: String(made[0]?.['id']) })).toEqual([
        { what: 'snapshot.create', status: 'success', by: key, metadata: { name, capsule: parent } },
        { what: 'snapshot.delete', status: 'success', by: key, metadata: { name } },
      ]);
    });

    test('one that could not be made says why; a name that is taken is only refused', async () => {
      const name = newName();
      const before = (await ofKind('snapshot')).length;
      await rest.get('POST', `/capsules/${parent}/checkpoint`, { name });
      expect((await rest.ask('POST', '/snapshots', { sandbox_id: parent, name })).status).toBe(409);
      server().agent.beforeSnapshot = async () => {
        throw new WrennError('no_space', 'the disk is full');
      };
      await rest.ask('POST', '/snapshots', { sandbox_id: parent });
      expect((await ofKind('snapshot')).slice(before)).toMatchObject([
        { what: 'snapshot.create', status: 'success', metadata: { name } },
        {
          what: 'snapshot.create',
          status: 'error',
          by: key,
          metadata: { capsule: parent, code: 'no_space' },
        },
      ]);
    });

    test('each child of a fork is written, with its parent; one that failed says why', async () => {
      server().agent.childFault = (index) =>
        index === 1 ? new WrennError('no_space', 'the disk is full') : undefined;
      const forked = await rest.get('POST', `/capsules/${parent}/fork`, { count: 3 });
      const capsules = forked['capsules'] as { id: string }[];
      const failed = forked['failed'] as { id: string }[];
      const of = (id: string) => entriesOf(database(), { thing: id });
      for (const { id } of capsules) {
        expect(await of(id)).toEqual([
          { what: 'sandbox.fork', status: 'success', by: key, metadata: { parent } },
        ]);
      }
      expect(failed).toHaveLength(1);
      expect(await of(failed[0]?.id ?? '')).toEqual([
        { what: 'sandbox.fork', status: 'error', by: key, metadata: { parent, code: 'no_space' } },
      ]);
      expect(await of(parent)).toHaveLength(1);
    });

    test('a fork of which nothing came is written once for each child that was to be', async () => {
      const forks = async () => (await ofKind('sandbox')).filter(({ what }) => what === 'sandbox.fork');
      const before = (await forks()).length;
      server().agent.beforeFork = async () => {
        throw new WrennError('agent_error', 'it broke');
      };
      await rest.ask('POST', `/capsules/${parent}/fork`, { count: 2 });
      expect((await rest.ask('POST', `/capsules/${parent}/fork`, { count: 100 })).status).toBe(503);
      const metadata = { parent, code: 'agent_error' };
      expect((await forks()).slice(before)).toMatchObject([
        { status: 'error', metadata },
        { status: 'error', metadata },
        { status: 'error', metadata: { parent, code: 'no_hosts_available' } },
      ]);
    });
  },
);
