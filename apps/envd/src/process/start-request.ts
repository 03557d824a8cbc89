import { WrennError } from '@wrenn/core';
import type { StartRequest } from '@wrenn/protocol/process';
import type { Daemon } from '../guest/daemon.ts';
import { globalEnvironment } from '../guest/settings.ts';
import { buildEnvironment } from './environment.ts';
import type { ProcessSpec } from './spawn-process.ts';
import { chooseWorkingDirectory } from './working-directory.ts';

/** What to run, as whom and where. Throws `invalid_request`, `unauthorized` for an unknown user. */
export function readStartRequest(
  request: StartRequest,
  username: string | undefined,
  { accounts, settings, searchPath }: Pick<Daemon, 'accounts' | 'settings' | 'searchPath'>,
): ProcessSpec {
  if (request.pty !== undefined) {
    throw new WrennError('not_implemented', 'terminals are not served by this version', { field: 'pty' });
  }
  const config = request.process;
  if (config === undefined || config.cmd === '') {
    throw new WrennError('invalid_request', 'no command is given', { field: 'process.cmd' });
  }
  for (const [index, word] of [config.cmd, ...config.args].entries()) {
    if (!word.includes('\0')) continue;
    const field = index === 0 ? 'process.cmd' : `process.args[${index - 1}]`;
    throw new WrennError('invalid_request', `${field} contains a NUL`, { field });
  }
  const account = accounts.find(username ?? settings.defaultUser);
  return {
    cmd: config.cmd,
    args: config.args,
    account,
    env: buildEnvironment({
      path: searchPath,
      account,
      global: globalEnvironment(settings),
      requested: config.envs,
    }),
    cwd: chooseWorkingDirectory(config.cwd, settings.defaultWorkdir, account),
    stdin: request.stdin === false ? 'null' : 'pipe',
  };
}
