import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from './context.ts';
import { colorsFor } from './output/colors.ts';
import { buildProgram } from './program.ts';

const context: CommandContext = {
  environment: {},
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  colors: colorsFor({ isTTY: false }, {}),
  exit: () => undefined,
};
const program = buildProgram(context);

describe('help', () => {
  it('of wrenn', () => {
    const parts: string[] = [];
    program.configureOutput({ writeOut: (part) => parts.push(part) }).outputHelp();
    expect(parts.join('')).toMatchSnapshot();
  });

  it.each(commandsBelow(program, []))('of %s', (_name, command) => {
    expect(command.helpInformation()).toMatchSnapshot();
  });
});

it('every command that prints data of the API can print it as JSON', () => {
  const without = commandsBelow(program, [])
    .filter(([, command]) => command.commands.length === 0)
    .filter(([, command]) => !command.options.some(({ long }) => long === '--json'));
  expect(without.map(([name]) => name)).toEqual([]);
});

function commandsBelow(parent: Command, path: readonly string[]): [string, Command][] {
  return parent.commands.flatMap((command) => {
    const name = [...path, command.name()];
    const below = commandsBelow(command as Command, name);
    return [[name.join(' '), command as Command] satisfies [string, Command], ...below];
  });
}
