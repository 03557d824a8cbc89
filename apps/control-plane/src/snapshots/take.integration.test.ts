import {
  type CapsuleId,
  idFromUuid,
  newId,
  parseId,
  type SnapshotId,
  type TeamId,
  until,
  uuidFromId,
  WrennError,
} from '@wrenn/core';
import { FakeStateHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { systemActor } from '../access/principal.ts';
import { findCapsule } from '../capsules/store.ts';
import { JobMonitor } from '../jobs/monitor.ts';
import { recoveries } from '../jobs/recoveries.ts';
import { findJob } from '../jobs/store.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { findBySnapshot, reserveName, templateOf } from '../templates/store.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { finishSnapshot } from './take.ts';
import { Rest } from './testing/rest.ts';

describeOnPostgres(
  'snapshots whose process died',
  { startAgent: (tls) => FakeStateHost.start(tls) },
  (server) => {
    let teamId: TeamId;
    let capsule: CapsuleId;
    beforeAll(async () => {
      teamId = await ensureDefaultTeam(server().controlPlane.context.database);
      capsule = parseId('capsule', await new Rest(server().url, server().apiKey).capsule());
    });

    /** What a process leaves that died after it had taken the name. */
    async function begun(): Promise<SnapshotId> {
      const { database } = server().controlPlane.context;
      const snapshotId = newId('snapshot');
      const { hostId, vcpus, memoryMb } = await findCapsule(database, teamId, capsule);
      const { id: parent, defaultUser, defaultEnv, defaultWorkdir } = await templateOf(database, capsule);
      const name = `begun-${crypto.randomUUID()}`;
      const shape = { vcpus, memoryMb, defaultUser, defaultEnv, defaultWorkdir, parent };
      await reserveName(database, {
        ...shape,
        id: newId('template'),
        teamId,
        name,
        snapshotId,
        hostId,
        sourceCapsule: capsule,
      });
      return snapshotId;
    }
    function finish(id: SnapshotId) {
      const job = { id: idFromUuid('job', uuidFromId(id)), teamId, capsuleId: capsule };
      return finishSnapshot(server().controlPlane.context, { ...job, actor: systemActor });
    }
    function found(id: SnapshotId) {
      return findBySnapshot(server().controlPlane.context.database, id);
    }

    test('what was begun is finished, and what the host has made already is not made again', async () => {
      const id = await begun();
      const { agent } = server();
      agent.snapshots.set(id, { vcpus: 1, memoryMb: 512, createdAtMs: Date.now() });
      const { copies } = agent;
      expect(await finish(id)).toMatchObject({ template: { snapshotId: id, sizeBytes: 5_000_000_000 } });
      expect(agent.copies).toBe(copies);
      expect(await found(id)).toMatchObject({ isReady: true });
      // And once more, by a process that knows nothing of the first.
      expect(await finish(id)).toMatchObject({ template: { snapshotId: id } });
      const other = await begun();
      await finish(other);
      expect(agent.copies).toBe(copies + 1);
    });

    test('the job monitor finishes the job of a process that died', async () => {
      const { context } = server().controlPlane;
      const id = await begun();
      const team = uuidFromId(teamId);
      await context.database
        .insertInto('jobs')
        .values({
          id: uuidFromId(id),
          team_id: team,
          capsule_id: uuidFromId(capsule),
          kind: 'checkpoint',
          request: '{}',
          lease_until: new Date(0),
        })
        .execute();
      await new JobMonitor(context, recoveries).pass();
      const job = await until(
        async () => {
          const found = await findJob(context.database, teamId, idFromUuid('job', uuidFromId(id)));
          return found.status === 'running' ? undefined : found;
        },
        20,
        AbortSignal.timeout(10_000),
      );
      expect(job).toMatchObject({
        status: 'succeeded',
        result: { id, type: 'snapshot', size_bytes: 5_000_000_000 },
      });
      expect(await found(id)).toMatchObject({ isReady: true });
    });

    test('where nothing was begun there is nothing to finish', async () => {
      expect(await finish(newId('snapshot'))).toBeUndefined();
    });

    test('a host that refuses frees the name; one that does not answer keeps it', async () => {
      const refused = await begun();
      server().agent.beforeSnapshot = async () => {
        throw new WrennError('invalid_state', 'the capsule is over');
      };
      await expect(finish(refused)).rejects.toMatchObject({ code: 'invalid_state' });
      expect(await found(refused)).toBeUndefined();
      const unanswered = await begun();
      server().agent.beforeSnapshot = async () => {
        throw new WrennError('host_unavailable', 'no answer');
      };
      await expect(finish(unanswered)).rejects.toMatchObject({ code: 'host_unavailable' });
      expect(await found(unanswered)).toMatchObject({ isReady: false });
    });
  },
);
