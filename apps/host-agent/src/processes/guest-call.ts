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

/** The header by which envd knows the user to act as. */
export function userHeader(user: string): Record<string, string> {
  return user === '' ? {} : { Authorization: `Basic ${Buffer.from(`${user}:`).toString('base64')}` };
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
