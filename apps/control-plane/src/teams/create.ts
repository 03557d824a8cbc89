import { actorOf, type UserPrincipal } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { teamCreatedMail } from './mails.ts';
import { type Membership, membershipIn } from './membership.ts';
import { createTeam } from './store.ts';

/** Makes a team for somebody, who owns it. */
export async function createOwnTeam(
  context: ServerContext,
  user: UserPrincipal,
  name: string,
): Promise<Membership> {
  const { database, limits, mailer, recorder } = context;
  await limits.take('teams-user', user.userId);
  return await database.transaction().execute(async (transaction) => {
    const teamId = await createTeam(transaction, { name, ownerId: user.userId });
    await mailer.send(transaction, teamCreatedMail(context, user, name));
    await recorder.record(transaction, {
      teamId,
      actor: actorOf(user),
      what: 'team.create',
      resourceId: teamId,
      personal: { name },
    });
    return await membershipIn(transaction, user.userId, teamId);
  });
}
