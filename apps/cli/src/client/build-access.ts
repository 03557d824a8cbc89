import { describeError, parseConfig, WrennError } from '@wrenn/core';
import { type Builds, signIn, signOut, WrennApiError, WrennClient } from '@wrenn/sdk';
import type { Command } from 'commander';
import { clientSettings } from '../config.ts';
import { type CommandContext, say } from '../context.ts';
import { type ClientFlags, clientCommand, openClient } from './client-command.ts';
import { findAdministrator } from './connection.ts';

export interface BuildFlags extends ClientFlags {
  readonly platform?: true;
}

export function buildCommand(name: string): Command {
  return clientCommand(name).option(
    '--platform',
    'for the templates of the platform, as an administrator (on this machine: the first one)',
  );
}

const signOutMs = 10_000;

/** Builds of a team, or of the platform, with the session that this takes: it is over when they are disposed of. */
export class BuildAccess implements AsyncDisposable {
  readonly builds: Builds;
  readonly #leave: () => Promise<void>;

  private constructor(builds: Builds, leave: () => Promise<void>) {
    this.builds = builds;
    this.#leave = leave;
  }

  static async open(flags: BuildFlags, context: CommandContext): Promise<BuildAccess> {
    if (flags.platform === true) return await BuildAccess.#openPlatform(flags, context);
    const { builds } = await openClient(flags, context);
    return new BuildAccess(builds, async () => undefined);
  }

  static async #openPlatform(flags: BuildFlags, context: CommandContext): Promise<BuildAccess> {
    const config = parseConfig(clientSettings, context.environment);
    const found = await findAdministrator(flags, config);
    if ('apiKey' in found)
      return new BuildAccess(new WrennClient(found).platformBuilds, async () => undefined);
    const { baseUrl, password } = found;
    const token = await signInAs({ baseUrl, email: config.adminEmail, password });
    const { platformBuilds } = new WrennClient({ baseUrl, apiKey: token });
    return new BuildAccess(platformBuilds, async () => {
      try {
        await signOut({ baseUrl, token }, { signal: AbortSignal.timeout(signOutMs) });
      } catch (thrown) {
        // What was done stays done.
        say(context, `the session of ${config.adminEmail} could not be ended: ${describeError(thrown)}`);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave();
  }
}

async function signInAs(who: { baseUrl: string; email: string; password: string }): Promise<string> {
  try {
    return await signIn(who);
  } catch (cause) {
    if (!(cause instanceof WrennApiError && cause.code === 'unauthorized')) throw cause;
    throw new WrennError(
      'unauthorized',
      `the password in WRENN_DIR/admin-password is not that of ${who.email}`,
      { cause, remedy: 'sign in, and set WRENN_API_KEY to the token of the session' },
    );
  }
}
