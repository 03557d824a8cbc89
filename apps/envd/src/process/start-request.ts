import { WrennError } from '@wrenn/core';
import type { StartRequest } from '@wrenn/protocol/process';
import type { Daemon } from '../guest/daemon.ts';
import { globalEnvironment } from '../guest/settings.ts';
import { buildEnvironment } from './environment.ts';
import type { ProcessSpec } from './spawn-process.ts';
import type { StdioSpec } from './stdio.ts';
import { readInitialSize } from './terminal-size.ts';
import { chooseWorkingDirectory } from './working-directory.ts';

/** Kept for as long as the process can be connected to. */
const longestTag = 1_024;

/** What to run, as whom and where. Throws `invalid_request`, `unauthorized` for an unknown user. */
export function readStartRequest(
  request: StartRequest,
  username: string | undefined,
  { accounts, settings, searchPath }: Pick<Daemon, 'accounts' | 'settings' | 'searchPath'>,
): ProcessSpec {
  const config = request.process;
  if (config === undefined || config.cmd === '') {
    throw new WrennError('invalid_request', 'no command is given', { field: 'process.cmd' });
  }
  for (const [index, word] of [config.cmd, ...config.args].entries()) {
    if (!word.includes('\0')) continue;
    const field = index === 0 ? 'process.cmd' : `process.args[${index - 1}]`;
    throw new WrennError('invalid_request', `${field} contains a NUL`, { field });
  }
  if (request.tag !== undefined && request.tag.length > longestTag) {
    throw new WrennError('invalid_request', `a tag has at most ${longestTag} characters`, { field: 'tag' });
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
    stdio: readStdio(request),
  };
}

function readStdio({ pty, stdin }: StartRequest): StdioSpec {
  if (pty !== undefined) return { kind: 'terminal', size: readInitialSize(pty) };
  return { kind: 'pipes', stdin: stdin === false ? 'null' : 'pipe' };
}
