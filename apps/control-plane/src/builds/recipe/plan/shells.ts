import type { Command, Instruction } from '../instruction.ts';

type Shell = readonly string[] | undefined;

/** The instructions with the shell that SHELL sets for those after it, and the one that holds at the end. */
export function withShells(
  instructions: readonly Instruction[],
  from: Shell,
): { readonly instructions: readonly Instruction[]; readonly shell: Shell } {
  let shell = from;
  const dressed = instructions.map((instruction) => {
    if (instruction.kind === 'shell') ({ shell } = instruction);
    return dress(instruction, shell);
  });
  return { instructions: dressed, shell };
}

function dress(instruction: Instruction, shell: Shell): Instruction {
  switch (instruction.kind) {
    case 'run':
    case 'start':
    case 'entrypoint':
    case 'cmd':
      return { ...instruction, command: inShell(instruction.command, shell) };
    case 'healthcheck': {
      const { check } = instruction;
      if (check === 'none') return instruction;
      return { ...instruction, check: { ...check, command: inShell(check.command, shell) } };
    }
    default:
      return instruction;
  }
}

function inShell(command: Command, shell: Shell): Command {
  return command.form === 'exec' || shell === undefined ? command : { ...command, shell };
}
