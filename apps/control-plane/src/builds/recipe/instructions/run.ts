import { durationMs } from '../duration.ts';
import type { Command, Launch, Run, Shell } from '../instruction.ts';
import type { Cursor } from '../text/cursor.ts';
import { readCommand, readJsonStrings } from './command.ts';
import { flagValue, readFlags } from './flags.ts';

export function readRun(cursor: Cursor): Run {
  const flags = readFlags(cursor, ['timeout']);
  const timeoutMs = flagValue(
    cursor,
    flags,
    'timeout',
    positiveMs,
    'write a time up to a day like 90s, 10m or 1h',
  );
  if (cursor.next === undefined) cursor.refuse('RUN without a command', 'write RUN COMMAND');
  const { written } = cursor;
  const command = cursor.heredocs.length > 0 ? readScript(cursor) : readCommand(cursor);
  if (command.form === 'exec' && !command.argv[0])
    cursor.refuse('RUN [] without a program', 'name the program');
  return { ...written, kind: 'run', command, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

function positiveMs(text: string): number | undefined {
  const ms = durationMs(text);
  return ms === 0 ? undefined : ms;
}

/** A heredoc alone is the script; else the shell gets the command with its heredocs as they stand. */
function readScript(cursor: Cursor): Command {
  const [only, ...others] = cursor.heredocs;
  if (only !== undefined && others.length === 0 && cursor.rest.length === only.length) {
    if (only.content.startsWith('#!')) {
      cursor.refuse(
        'a heredoc that names its interpreter',
        `write RUN INTERPRETER <<${only.name}`,
        only.offset,
      );
    }
    cursor.takeRest();
    return { form: 'shell', script: only.content };
  }
  const bodies = cursor.heredocs.map(({ content, name }) => `${content}${name}\n`);
  return { form: 'shell', script: `${cursor.takeRest()}\n${bodies.join('')}` };
}

/** START, and ENTRYPOINT and CMD, where an empty array takes back what the base has. */
export function readLaunch(kind: Launch['kind']): (cursor: Cursor) => Launch {
  return (cursor) => {
    if (cursor.next === undefined)
      cursor.refuse(`${kind.toUpperCase()} without a command`, 'write the command after it');
    const { at, written } = cursor;
    const command = readCommand(cursor);
    if (command.form === 'exec' && command.argv[0] === '')
      cursor.refuse('the program has no name', 'name it', at);
    if (command.form === 'exec' && command.argv.length === 0 && kind === 'start') {
      cursor.refuse('START [] without a program', 'name the program', at);
    }
    return { ...written, kind, command };
  };
}

export function readShell(cursor: Cursor): Shell {
  const { at, written } = cursor;
  const shell = readJsonStrings(cursor);
  if (!shell?.[0]) return cursor.refuse('SHELL without a shell', 'write SHELL ["/bin/bash", "-c"]', at);
  return { ...written, kind: 'shell', shell };
}
