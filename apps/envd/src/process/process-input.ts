import { WrennError } from '@wrenn/core';
import type { ProcessInput, SendInputRequest, StreamInputRequest } from '@wrenn/protocol/process';
import type { InputPipe } from './input-pipe.ts';
import type { Input, ManagedProcess } from './managed-process.ts';
import type { ProcessTable } from './process-table.ts';
import type { Terminal } from './terminal.ts';

/**
 * Settles when the process's input has taken all of it. Throws `invalid_request` for none, `invalid_state` when it is
 * for another kind of input than the process has, or for one that is closed.
 */
async function writeInput({ input }: ManagedProcess, given: ProcessInput | undefined): Promise<void> {
  switch (given?.input.case) {
    case 'stdin':
      return await pipeOf(input).write(given.input.value);
    case 'pty':
      return await terminalOf(input).write(given.input.value);
    default:
      throw new WrennError('invalid_request', 'no input is given', { field: 'input' });
  }
}

/** The same for one call, which may repeat what came already. */
export async function writeSent(
  process: ManagedProcess,
  { input, writer, offset }: SendInputRequest,
): Promise<void> {
  if (input?.input.value === undefined) return await writeInput(process, input);
  const { case: kind, value } = input.input;
  const part = process.writers.newPart(writer, offset, value);
  if (part.length === 0 && value.length > 0) return;
  await writeInput(process, { ...input, input: { case: kind, value: part } });
}

/**
 * Writes a stream of input in its order, each piece when the one before it was taken. Throws `invalid_request` unless
 * it begins with the one `start`, and what `writeInput` throws.
 */
export async function writeInputStream(
  processes: ProcessTable,
  requests: AsyncIterable<StreamInputRequest>,
): Promise<void> {
  let process: ManagedProcess | undefined;
  for await (const { event } of requests) {
    switch (event.case) {
      case 'start':
        if (process !== undefined) throw outOfTurn('the stream was started already');
        process = processes.select(event.value.process);
        break;
      case 'data':
        if (process === undefined) throw outOfTurn('the stream begins without naming a process');
        await writeInput(process, event.value.input);
        break;
      case 'keepalive':
        break;
      default:
        throw outOfTurn('a message of the stream is empty');
    }
  }
  if (process === undefined) throw outOfTurn('the stream names no process');
}

/** Throws `invalid_state` when it has a terminal, or was started without. */
export function pipeOf(input: Input): InputPipe {
  switch (input.kind) {
    case 'pipe':
      return input.pipe;
    case 'terminal':
      throw new WrennError('invalid_state', 'the process has a terminal', {
        remedy: 'send input.pty; a terminal ends its input when Ctrl-D is typed',
      });
    case 'none':
      throw new WrennError('invalid_state', 'the process was started without standard input', {
        remedy: 'start it with stdin true',
      });
  }
}

/** Throws `invalid_state` when it has none. */
export function terminalOf(input: Input): Terminal {
  if (input.kind === 'terminal') return input.terminal;
  throw new WrennError('invalid_state', 'the process has no terminal', { remedy: 'start it with a pty' });
}

function outOfTurn(message: string): WrennError {
  return new WrennError('invalid_request', message, {
    field: 'event',
    remedy: 'send start with the process first, then data and keepalive',
  });
}
