import { actorOf, type UserPrincipal } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import type { ServerContext } from '../server-context.ts';
import { updateUser } from './store.ts';

/** Changes what the user is called. */
export async function rename(
  { database, recorder }: ServerContext,
  user: UserPrincipal,
  name: string,
): Promise<void> {
  if (name === user.name) return;
  await database.transaction().execute(async (transaction) => {
    await updateUser(transaction, user.userId, { name });
    await recorder.record(transaction, {
      teamId: platformTeam,
      actor: actorOf(user),
      what: 'user.rename',
      resourceId: user.userId,
      personal: { email: user.email, from: user.name, to: name },
    });
  });
}
