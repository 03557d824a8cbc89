import { describeError } from '@wrenn/core';
import { systemActor } from '../access/principal.ts';
import { platformTeam } from '../audit/happening.ts';
import type { Queryable } from '../db/database.ts';
import type { Origin } from '../http/origin.ts';
import { mayMail } from '../limits/mail-limit.ts';
import { networkOf } from '../limits/network.ts';
import type { ServerContext } from '../server-context.ts';
import { activationMail, alreadyRegisteredMail } from './mails.ts';
import { issueToken } from './one-time-tokens.ts';
import { hashPassword } from './password.ts';
import { insertUser, lockUserByEmail, type User, updateUser } from './store.ts';

export interface SignUp {
  readonly email: string;
  readonly password: string;
  readonly name: string;
}

/**
 * Takes note of a sign-up. Returns as soon as everything is done that costs the same for every address: whether there is an
 * account is told by mail only, to whoever has the address.
 */
export async function signUp(context: ServerContext, wanted: SignUp, origin: Origin): Promise<void> {
  const { limits, operations, log } = context;
  await limits.take('sign-up-address', networkOf(origin.address));
  const passwordHash = await hashPassword(wanted.password);
  operations
    .run(() => register(context, { ...wanted, passwordHash }))
    .catch((thrown: unknown) => log.error({ cause: describeError(thrown) }, 'a sign-up failed'));
}

interface Registration {
  readonly email: string;
  readonly name: string;
  readonly passwordHash: string;
}

async function register(context: ServerContext, wanted: Registration): Promise<void> {
  if (!(await mayMail(context, wanted.email))) return;
  const { database, mailer, config } = context;
  await database.transaction().execute(async (transaction) => {
    const made = await insertUser(transaction, { ...wanted, status: 'inactive' });
    const user = made ?? (await lockUserByEmail(transaction, wanted.email));
    switch (user?.status) {
      case 'inactive':
        // Whoever gets the mail decides which sign-up counts: the last one.
        if (made === undefined) await updateUser(transaction, user.id, wanted);
        await sendActivation(context, transaction, { ...user, name: wanted.name });
        return;
      case 'active':
        await mailer.send(transaction, alreadyRegisteredMail(config, user));
        return;
      // Of a disabled one nothing is said; one that was deleted at this very moment is free the next time.
      default:
    }
  });
}

async function sendActivation(
  { mailer, recorder, config }: ServerContext,
  transaction: Queryable,
  user: User,
): Promise<void> {
  const token = await issueToken(transaction, 'activation', user.id);
  await mailer.send(transaction, activationMail(config, user, token));
  await recorder.record(transaction, {
    teamId: platformTeam,
    actor: systemActor,
    what: 'user.signup',
    resourceId: user.id,
    personal: { email: user.email, name: user.name },
  });
}
