import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { Gate } from '../limits/gate.ts';

/** What one hash costs. A hash that was made at another cost is made anew at the next sign-in. */
interface Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}
const cost: Cost = { memory: 19 * 1024, passes: 2, parallelism: 1 };
const saltBytes = 16;
const tagBytes = 32;

/** Each takes a thread of the pool that files and name look-ups wait for too, and 19 MiB. */
const gate = new Gate(2, 100);
const derive = promisify(argon2);

/** A password that somebody chooses. */
export const newPassword = z
  .string()
  .min(8, 'must have at least 8 characters')
  .max(1024, 'must have at most 1024 characters')
  .refine((value) => value.isWellFormed(), 'must not contain broken Unicode')
  .describe('8 to 1024 characters.');

/** A password that somebody shows: if it could not have been chosen, it is wrong, and nothing else is said of it. */
export const shownPassword = z.string().max(1024);

/** The password's hash in PHC form, with a salt of its own. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  return format(cost, salt, await tagOf(password, cost, salt, tagBytes));
}

export type PasswordVerdict = 'wrong' | 'right' | 'outdated';

/**
 * Whether the password is the one of the hash; `outdated` is right, and to be hashed anew. Without a hash it is wrong, and
 * takes as long.
 */
export async function checkPassword(password: string, hash: string | undefined): Promise<PasswordVerdict> {
  const { cost: made, salt, tag } = parse(hash ?? nobodys);
  const shown = await tagOf(password, made, salt, tag.length);
  if (!timingSafeEqual(shown, tag) || hash === undefined) return 'wrong';
  const isCurrent =
    made.memory === cost.memory &&
    made.passes === cost.passes &&
    made.parallelism === cost.parallelism &&
    tag.length === tagBytes;
  return isCurrent ? 'right' : 'outdated';
}

/** The same text counts as the same password however a keyboard composes it. */
async function tagOf(
  password: string,
  { memory, passes, parallelism }: Cost,
  salt: Buffer,
  tagLength: number,
) {
  const message = Buffer.from(password.normalize('NFKC'), 'utf8');
  return await gate.run(() =>
    derive('argon2id', { message, nonce: salt, memory, passes, parallelism, tagLength }),
  );
}

const phc = /^\$argon2id\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,8})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

function format({ memory, passes, parallelism }: Cost, salt: Buffer, tag: Buffer): string {
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`;
}

function parse(hash: string): { readonly cost: Cost; readonly salt: Buffer; readonly tag: Buffer } {
  const [, memory, passes, parallelism, salt, tag] = phc.exec(hash) ?? [];
  if (salt === undefined || tag === undefined) throw new TypeError('a stored hash is not in PHC form');
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

/** PHC has base64 without its padding. */
function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

/** Costs what the hash of an account costs. No password is known to fit, and none would be taken. */
const nobodys = format(cost, randomBytes(saltBytes), randomBytes(tagBytes));
