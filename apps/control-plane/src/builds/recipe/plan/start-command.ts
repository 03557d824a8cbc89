import type { Command, Instruction } from '../instruction.ts';
import type { Start } from './plan.ts';

const nothing: Command = { form: 'exec', argv: [] };
const defaultShell = ['/bin/sh', '-c'];

/** What a stage makes of the start that its base has. */
export function startAfter(start: Start, instructions: readonly Instruction[]): Start {
  let { entrypoint, command } = start;
  let ownCommand = false;
  for (const instruction of instructions) {
    switch (instruction.kind) {
      case 'start':
        entrypoint = instruction.command;
        command = nothing;
        break;
      case 'entrypoint':
        entrypoint = instruction.command;
        // The base's CMD was meant for the base's ENTRYPOINT.
        if (!ownCommand) command = nothing;
        break;
      case 'cmd':
        command = instruction.command;
        ownCommand = true;
        break;
    }
  }
  return { entrypoint, command };
}

/** The one command that runs, by Docker's rules; undefined when nothing does. `base` is what an image's config says. */
export function startCommand(
  start: Start,
  base: { readonly entrypoint: readonly string[]; readonly command: readonly string[] },
): Command | undefined {
  const entrypoint = start.entrypoint === 'inherited' ? execOf(base.entrypoint) : start.entrypoint;
  const command = start.command === 'inherited' ? execOf(base.command) : start.command;
  // A script gets no arguments from CMD.
  if (entrypoint.form === 'shell') return entrypoint;
  if (entrypoint.argv.length > 0) return execOf([...entrypoint.argv, ...argvOf(command)]);
  return argvOf(command).length > 0 ? command : undefined;
}

function execOf(argv: readonly string[]): Command & { form: 'exec' } {
  return { form: 'exec', argv };
}

function argvOf(command: Command): readonly string[] {
  return command.form === 'exec' ? command.argv : [...(command.shell ?? defaultShell), command.script];
}
