import { ConnectError } from '@connectrpc/connect';
import { fromConnect } from '../rpc/connect-errors.ts';

/** What runs a command, and as whom. */
export interface CommandOptions {
  readonly cmd: string;
  readonly args: readonly string[];
  readonly envs: Readonly<Record<string, string>>;
  /** Empty: the user's home. */
  readonly cwd: string;
  /** Empty: the capsule's default user. */
  readonly user: string;
}

/** As envd's `ProcessConfig`. */
export function processConfig({ cmd, args, envs, cwd }: CommandOptions) {
  return { cmd, args: [...args], envs: { ...envs }, ...(cwd === '' ? {} : { cwd }) };
}

/**
 * The header by which envd knows the user to act as. In a Basic one a name ends at its first colon, so a user with a group
 * goes by another, which daemons of older snapshots refuse rather than take for somebody else.
 */
export function userHeader(user: string): Record<string, string> {
  if (user === '') return {};
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return { Authorization: user.includes(':') ? `User ${base64(user)}` : `Basic ${base64(`${user}:`)}` };
}

/** What envd refused, as our error. */
export async function guestCall<T>(doing: string, call: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await call;
  } catch (thrown) {
    signal.throwIfAborted();
    throw fromConnect(ConnectError.from(thrown), doing);
  }
}
