import { newId, type TeamId, uuidFromId, WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import { parseSubmission } from '../../builds/read-submission.ts';
import { endBuild, insertBuild } from '../../builds/store.ts';
import { requestOf } from '../../builds/submit.ts';
import { insertChannel } from '../../channels/store.ts';
import type { ControlPlane } from '../../control-plane.ts';
import { createKey } from '../../keys/store.ts';
import { insertInvitation } from '../../teams/invitations.ts';
import { insertMember } from '../../teams/members.ts';
import { type Person, person, signIn } from '../../teams/testing/people.ts';

/** What a team has that others must neither see nor touch, as requests name it. */
export interface Belongings {
  readonly team: string;
  readonly capsule: string;
  readonly snapshot: string;
  readonly alias: string;
  readonly build: string;
  readonly job: string;
  readonly key: string;
  readonly channel: string;
  readonly delivery: string;
  readonly invitation: string;
  readonly invitationToken: string;
  readonly owner: string;
  readonly admin: string;
  readonly member: string;
  readonly session: string;
}

export interface TeamOfOthers {
  readonly has: Belongings;
  readonly people: Readonly<Record<'owner' | 'admin' | 'member', Person>>;
  /** Text that no answer to a stranger has in it, unless they sent it. */
  readonly secrets: readonly string[];
}

const word = 'undisclosed';

/** A team with an owner, an admin, a member, and one of everything. */
export async function teamOfOthers(server: ControlPlane): Promise<TeamOfOthers> {
  const { database, secrets } = server.context;
  const owner = await person(server, `Owner-${word}`);
  const { teamId } = owner;
  const join = async (role: 'admin' | 'member') => {
    const someone = await person(server, `${role}-${word}`);
    await insertMember(database, teamId, someone.id, role);
    return { ...someone, ...(await signIn(server, someone, teamId)) };
  };
  const people = { owner, admin: await join('admin'), member: await join('member') };
  const capsule = await owner.rest.capsule({ metadata: { note: word } });
  const snapshot = `${word}-snapshot`;
  const { job_id: job } = await owner.rest.get('POST', '/snapshots', { sandbox_id: capsule, name: snapshot });
  const alias = `${word}-alias`;
  await owner.rest.get('POST', `/templates/${snapshot}/tags`, { tags: ['second'] });
  await owner.rest.get('PUT', `/templates/${snapshot}/aliases/${alias}`);
  const { id: key } = await createKey(database, { teamId, name: `${word} key`, createdBy: owner.id });
  const email = `${word}@example.org`;
  const { invitation, token } = await insertInvitation(database, {
    teamId,
    email,
    role: 'member',
    invitedBy: owner.id,
  });
  const channel = await insertChannel(database, secrets.sealing, {
    teamId,
    name: `${word}-channel`,
    provider: 'webhook',
    config: { url: `https://${word}.example`, secret: word },
    events: ['capsule.created'],
  });
  const has = {
    team: teamId,
    capsule,
    snapshot,
    alias,
    build: await insertCancelled(server, owner),
    job: String(job),
    key,
    channel: channel.id,
    delivery: await insertDelivery(server, teamId, channel.id),
    invitation: invitation.id,
    invitationToken: token.reveal(),
    owner: owner.id,
    admin: people.admin.id,
    member: people.member.id,
    session: owner.sessionId,
  };
  return { has, people, secrets: [word, ...Object.values(has)] };
}

/** A build that is over: whoever follows its log comes to an end. */
async function insertCancelled({ context: { database } }: ControlPlane, owner: Person): Promise<string> {
  const id = newId('build');
  const body = parseSubmission({ name: `${word}-build`, recipe: 'RUN true' });
  await database.transaction().execute(async (transaction) => {
    await insertBuild(transaction, {
      ...{ id, teamId: owner.teamId, name: body.name, request: requestOf(body), archiveId: undefined },
      actor: { type: 'user', id: owner.id, name: owner.name },
      ...{ vcpus: 1, memoryMb: 512, totalSteps: 1, bases: [], credentials: undefined },
    });
    const error = new WrennError('cancelled', 'the build was cancelled');
    await endBuild(transaction, id, { status: 'cancelled', error });
  });
  return id;
}

async function insertDelivery(
  { context: { database } }: ControlPlane,
  teamId: TeamId,
  channelId: Parameters<typeof uuidFromId>[0],
): Promise<string> {
  const [event, delivery] = [newId('event'), newId('delivery')];
  await database
    .insertInto('events')
    .values({ id: uuidFromId(event), team_id: uuidFromId(teamId), type: 'capsule.created', body: '{}' })
    .execute();
  await database
    .insertInto('deliveries')
    .values({
      id: uuidFromId(delivery),
      channel_id: uuidFromId(channelId),
      event_id: uuidFromId(event),
      status: 'failed',
      finished_at: sql<Date>`now()`,
      response_status: null,
      fault: null,
      repeats: null,
    })
    .execute();
  return delivery;
}

/** Everything that a team has, to be compared: what it did by itself, as using a key, is not in it. */
export async function stateOf({ context: { database } }: ControlPlane, team: string): Promise<unknown> {
  const id = uuidFromId(team as TeamId);
  const { rows } = await sql<{ state: unknown }>`
    select jsonb_build_object(
      'team', (select jsonb_agg(to_jsonb(t)) from teams t where id = ${id}),
      'members', (select jsonb_agg(to_jsonb(m) order by user_id) from memberships m where team_id = ${id}),
      'users', (select jsonb_agg(jsonb_build_array(u.email, u.name, u.status, u.is_admin) order by u.id)
                  from users u join memberships m on m.user_id = u.id where m.team_id = ${id}),
      'sessions', (select count(*) from sessions where team_id = ${id} and revoked_at is null),
      'capsules', (select jsonb_agg(jsonb_build_array(id, status, public_ports, access_generation) order by id)
                     from capsules where team_id = ${id}),
      'templates', (select jsonb_agg(jsonb_build_array(id, name, deleted_at) order by id)
                      from templates where team_id = ${id}),
      'names', (select jsonb_agg(to_jsonb(n) order by name) from template_names n where team_id = ${id}),
      'tags', (select jsonb_agg(to_jsonb(t) order by name, tag) from template_tags t where team_id = ${id}),
      'builds', (select jsonb_agg(jsonb_build_array(id, name, cancel_asked_at) order by id)
                   from builds where team_id = ${id}),
      'keys', (select jsonb_agg(jsonb_build_array(id, name, scopes) order by id)
                 from api_keys where team_id = ${id}),
      'invitations', (select jsonb_agg(to_jsonb(i) order by id) from invitations i where team_id = ${id}),
      'channels', (select jsonb_agg(to_jsonb(c) order by id) from channels c where team_id = ${id}),
      'deliveries', (select jsonb_agg(to_jsonb(d) order by d.id)
                       from deliveries d join channels c on c.id = d.channel_id where c.team_id = ${id}),
      'jobs', (select count(*) from jobs where team_id = ${id}),
      'log', (select count(*) from audit_entries where team_id = ${id} and action <> 'use')
    ) as state`.execute(database);
  return rows[0]?.state;
}

/** The same shapes, with nothing behind them: for a team that has nothing. */
export function nothingOf(team: string): Belongings {
  const user = newId('user');
  return {
    team,
    capsule: newId('capsule'),
    snapshot: 'none',
    alias: 'none',
    build: newId('build'),
    job: newId('job'),
    key: newId('apiKey'),
    channel: newId('channel'),
    delivery: newId('delivery'),
    invitation: newId('invitation'),
    invitationToken: 'none',
    owner: user,
    admin: user,
    member: user,
    session: newId('session'),
  };
}
