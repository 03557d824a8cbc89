import type { ServerContext } from '../../apps/control-plane/src/server-context.ts';
import { insertMember } from '../../apps/control-plane/src/teams/members.ts';
import { createTeam } from '../../apps/control-plane/src/teams/store.ts';
import { hashPassword } from '../../apps/control-plane/src/users/password.ts';
import { findUserByEmail, insertUser } from '../../apps/control-plane/src/users/store.ts';

/** Of all accounts that work on the dashboard begins with. */
export const password = 'wrenn-development';

/** Ada with a team, and Ben who is in it. Whoever is there stays as they are. */
export async function seedAccounts({ database }: ServerContext): Promise<void> {
  const passwordHash = await hashPassword(password);
  await database.transaction().execute(async (transaction) => {
    if ((await findUserByEmail(transaction, 'ada@localhost')) !== undefined) return;
    const person = async (name: string) => {
      const email = `${name.toLowerCase()}@localhost`;
      const made = await insertUser(transaction, { email, name, passwordHash, status: 'active' });
      if (made === undefined) throw new TypeError(`${email} is there already`);
      return made.id;
    };
    const teamId = await createTeam(transaction, { name: "Ada's Team", ownerId: await person('Ada') });
    await insertMember(transaction, teamId, await person('Ben'), 'member');
  });
}
