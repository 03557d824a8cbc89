import { idFromUuid, newId, type UserId, uuidFromId } from '@wrenn/core';
import { type Selectable, sql } from 'kysely';
import type { Queryable } from '../db/database.ts';
import type { Schema, UserStatus } from '../db/schema.ts';

/** Not a parameter: once a statement is planned for any value, the index on addresses would not be found. */
const deleted = sql.lit<UserStatus>('deleted');

/** Somebody's account. One that was deleted is none: nobody finds it but whoever purges it. */
export interface User {
  readonly id: UserId;
  readonly email: string;
  readonly name: string;
  readonly status: Exclude<UserStatus, 'deleted'>;
  readonly isAdmin: boolean;
  /** In PHC form; undefined for who signs in through providers only. */
  readonly passwordHash: string | undefined;
  readonly createdAt: Date;
}

export async function findUser(database: Queryable, id: UserId): Promise<User | undefined> {
  return fromRow(await living(database).where('id', '=', uuidFromId(id)).executeTakeFirst());
}

/** `email` is in lower case, as `emailAddress` leaves it. */
export async function findUserByEmail(database: Queryable, email: string): Promise<User | undefined> {
  return fromRow(await living(database).where('email', '=', email).executeTakeFirst());
}

/** The same, and nobody changes or deletes the account until the transaction is over. */
export async function lockUser(transaction: Queryable, id: UserId): Promise<User | undefined> {
  return fromRow(
    await living(transaction).where('id', '=', uuidFromId(id)).forNoKeyUpdate().executeTakeFirst(),
  );
}

export async function lockUserByEmail(transaction: Queryable, email: string): Promise<User | undefined> {
  return fromRow(await living(transaction).where('email', '=', email).forNoKeyUpdate().executeTakeFirst());
}

export interface NewUser extends Pick<User, 'email' | 'name' | 'passwordHash'> {
  readonly status: 'inactive' | 'active';
}

/** Undefined where the address belongs to an account already. */
export async function insertUser(transaction: Queryable, user: NewUser): Promise<User | undefined> {
  const row = await transaction
    .insertInto('users')
    .values({
      id: uuidFromId(newId('user')),
      email: user.email,
      name: user.name,
      status: user.status,
      password_hash: user.passwordHash ?? null,
    })
    .onConflict((conflict) => conflict.column('email').where('status', '<>', deleted).doNothing())
    .returningAll()
    .executeTakeFirst();
  return fromRow(row);
}

interface Changes {
  readonly name?: string;
  readonly passwordHash?: string;
  readonly status?: 'active' | 'disabled';
  readonly isAdmin?: boolean;
}

export async function updateUser(transaction: Queryable, id: UserId, changes: Changes): Promise<void> {
  const { name, passwordHash, status, isAdmin } = changes;
  await transaction
    .updateTable('users')
    .set({
      ...(name === undefined ? {} : { name }),
      ...(passwordHash === undefined ? {} : { password_hash: passwordHash }),
      ...(status === undefined ? {} : { status }),
      ...(isAdmin === undefined ? {} : { is_admin: isAdmin }),
      updated_at: sql`now()`,
    })
    .where('id', '=', uuidFromId(id))
    .where('status', '<>', deleted)
    .execute();
}

function living(database: Queryable) {
  return database.selectFrom('users').selectAll().where('status', '<>', deleted);
}

function fromRow(row: Selectable<Schema['users']> | undefined): User | undefined {
  if (row === undefined || row.status === 'deleted') return undefined;
  return {
    id: idFromUuid('user', row.id),
    email: row.email,
    name: row.name,
    status: row.status,
    isAdmin: row.is_admin,
    passwordHash: row.password_hash ?? undefined,
    createdAt: row.created_at,
  };
}
