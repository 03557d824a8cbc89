import { constants } from 'node:os';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ProcessEvent_EndEventSchema } from '@wrenn/protocol/process';

/** How a process ended, or why none came to be. */
export type Outcome =
  | { readonly kind: 'exited'; readonly code: number }
  /** A number where Node has no name for it: real-time signals. */
  | { readonly kind: 'signalled'; readonly signal: NodeJS.Signals | number }
  | { readonly kind: 'not-found'; readonly cmd: string }
  | { readonly kind: 'not-executable'; readonly cmd: string; readonly reason: string };

/** What a shell answers for a command that is not there, and for one that it cannot run. */
const notFoundCode = 127;
const notExecutableCode = 126;
/** Added to a signal's number, as shells do. */
const signalBase = 128;

/** What an exit means: `signal` is the one that ended the process, 0 for none. */
export function outcomeOfExit(code: number | null, signal: NodeJS.Signals | number): Outcome {
  return signal === 0 ? { kind: 'exited', code: code ?? -1 } : { kind: 'signalled', signal };
}

/**
 * The end event of an outcome.
 *
 * A process that a signal ended has `exited` false and exit code 128 + the signal's number. A command that could not
 * be run is reported as a shell would: an exit with 127 or 126, and what was wrong in `error`.
 */
export function endEventOf(outcome: Outcome): MessageInitShape<typeof ProcessEvent_EndEventSchema> {
  switch (outcome.kind) {
    case 'exited':
      return exitWith(outcome.code);
    case 'signalled':
      return endBySignal(outcome.signal);
    case 'not-found':
      return { ...exitWith(notFoundCode), error: `${outcome.cmd}: command not found` };
    case 'not-executable':
      return { ...exitWith(notExecutableCode), error: `${outcome.cmd}: ${outcome.reason}` };
  }
}

function exitWith(exitCode: number) {
  return { exitCode, exited: true, status: `exit status ${exitCode}` };
}

function endBySignal(signal: NodeJS.Signals | number) {
  if (typeof signal === 'number') {
    return { exitCode: signalBase + signal, exited: false, status: `signal: signal ${signal}` };
  }
  return {
    exitCode: signalBase + constants.signals[signal],
    exited: false,
    status: `signal: ${signalText[signal] ?? signal}`,
  };
}

/** The words that clients compare with. */
const signalText: Partial<Record<NodeJS.Signals, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGQUIT: 'quit',
  SIGILL: 'illegal instruction',
  SIGTRAP: 'trace/breakpoint trap',
  SIGABRT: 'aborted',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGKILL: 'killed',
  SIGUSR1: 'user defined signal 1',
  SIGSEGV: 'segmentation fault',
  SIGUSR2: 'user defined signal 2',
  SIGPIPE: 'broken pipe',
  SIGALRM: 'alarm clock',
  SIGTERM: 'terminated',
};
