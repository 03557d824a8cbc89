import type { Command, Instruction, Word } from '../instruction.ts';

/** An instruction without where and how it was written. */
export type Bare = Instruction extends infer I
  ? I extends Instruction
    ? Omit<I, 'position' | 'text'>
    : never
  : never;

export function bare(instruction: Instruction): Bare {
  const { position: _position, text: _text, ...rest } = instruction;
  return rest;
}

/** The text of an instruction, which reads as the same one; heredocs come out as files of their own. */
export function printInstruction(instruction: Bare): string {
  switch (instruction.kind) {
    case 'from': {
      const { platform, base, name } = instruction;
      return `FROM ${flag('platform', platform)}${printWord(base)}${name === undefined ? '' : ` AS ${name}`}`;
    }
    case 'arg':
      return `ARG ${instruction.args.map(({ name, value }) => (value ? `${name}=${printWord(value)}` : name)).join(' ')}`;
    case 'env':
      return `ENV ${instruction.values.map(({ name, value }) => `${name}=${printWord(value)}`).join(' ')}`;
    case 'run': {
      const { timeoutMs, command } = instruction;
      return `RUN ${timeoutMs === undefined ? '' : `--timeout=${timeoutMs}ms `}${printCommand(command)}`;
    }
    case 'copy': {
      const { from, chown, chmod, sources, destination } = instruction;
      const flags = `${from === undefined ? '' : `--from=${from} `}${flag('chown', chown)}${chmod === undefined ? '' : `--chmod=${chmod} `}`;
      return `COPY ${flags}-- ${[...sources, destination].map(printWord).join(' ')}`;
    }
    case 'user':
      return `USER ${printWord(instruction.user)}`;
    case 'workdir':
      return `WORKDIR ${printWord(instruction.path)}`;
    case 'expose':
      return `EXPOSE ${instruction.ports.map(printWord).join(' ')}`;
    case 'shell':
      return `SHELL ${JSON.stringify(instruction.shell)}`;
    case 'start':
    case 'entrypoint':
    case 'cmd':
      return `${instruction.kind.toUpperCase()} ${printCommand(instruction.command)}`;
    case 'healthcheck': {
      const { check } = instruction;
      if (check === 'none') return 'HEALTHCHECK NONE';
      const start = check.startIntervalMs === undefined ? '' : ` --start-interval=${check.startIntervalMs}ms`;
      const times = `--interval=${check.intervalMs}ms --timeout=${check.timeoutMs}ms --start-period=${check.startPeriodMs}ms`;
      return `HEALTHCHECK ${times}${start} --retries=${check.retries} CMD ${printCommand(check.command)}`;
    }
    case 'note':
      return `${instruction.keyword} "said"`;
  }
}

function flag(name: string, word: Word | undefined): string {
  return word === undefined ? '' : `--${name}=${printWord(word)} `;
}

function printCommand(command: Command): string {
  return command.form === 'shell' ? command.script : JSON.stringify(command.argv);
}

/** In double quotes as a whole, in which every character can be written. */
function printWord(word: Word): string {
  return `"${printParts(word)}"`;
}

function printParts(word: Word): string {
  return word
    .map((part) => {
      switch (part.kind) {
        case 'text':
          return part.text.replace(/["$\\]/g, '\\$&');
        case 'variable':
          return `\${${part.name}}`;
        case 'fallback':
          return `\${${part.name}${part.when === 'unset' ? '-' : ':-'}${printWord(part.word)}}`;
        case 'alternative':
          return `\${${part.name}${part.when === 'set' ? '+' : ':+'}${printWord(part.word)}}`;
      }
      return '';
    })
    .join('');
}
