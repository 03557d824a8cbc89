import type { z } from 'zod';
import { unauthorized } from '../access/authenticate.ts';
import type { UserPrincipal } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import { linkedProviders } from './identities.ts';
import type { meBody } from './schemas.ts';
import { findUser } from './store.ts';

/** What a user sees of their own account. */
export async function describeMe(
  { database }: ServerContext,
  { userId, team }: UserPrincipal,
): Promise<z.output<typeof meBody>> {
  const [user, providers] = await Promise.all([
    findUser(database, userId),
    linkedProviders(database, userId),
  ]);
  if (user === undefined) throw unauthorized('the account is gone');
  return {
    user_id: user.id,
    name: user.name,
    email: user.email,
    has_password: user.passwordHash !== undefined,
    providers,
    team_id: team?.id ?? null,
    role: team?.role ?? null,
    is_admin: user.isAdmin,
  };
}
