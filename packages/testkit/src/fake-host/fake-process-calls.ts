import { WrennError } from '@wrenn/core';
import { type ExecStreamRequest, Outcome } from '@wrenn/protocol/hostagent';
import { type FakeService, toConnect } from '../fake-agent-server.ts';
import { runFakeCommand } from '../fake-command.ts';
import type { FakeProgram } from '../fake-program.ts';
import type { FakeGuest } from './fake-guest.ts';

const defaultTimeoutSec = 30;
const largestOutput = 8 * 1024 * 1024;

/** Commands, processes and terminals of a fake host. `guest` throws for one that does not run. */
export function fakeProcessCalls(guest: (id: string) => FakeGuest): FakeService {
  return { ...commandCalls(guest), ...processCalls(guest), ...terminalCalls(guest) };
}

function commandCalls(guest: (id: string) => FakeGuest): FakeService {
  return {
    exec: async (request, { signal }) => {
      guest(request.sandboxId);
      const timeoutSec = request.timeoutSec || defaultTimeoutSec;
      const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
      for await (const event of runFakeCommand({ ...request, timeoutSec }, signal)) {
        if (event.kind !== 'end') {
          output[event.kind].push(event.data);
          continue;
        }
        const cap = request.outputCapBytes || largestOutput;
        const [stdout, stderr] = [Buffer.concat(output.stdout), Buffer.concat(output.stderr)];
        return {
          stdout: new Uint8Array(stdout.subarray(0, cap)),
          stderr: new Uint8Array(stderr.subarray(0, cap)),
          stdoutTruncated: stdout.length > cap,
          stderrTruncated: stderr.length > cap,
          exitCode: event.exitCode,
          outcome: event.outcome,
        };
      }
      throw new WrennError('agent_error', 'the fake command did not end');
    },
    execStream: (request, { signal }) => execStream(guest, request, signal),
  };
}

async function* execStream(
  guest: (id: string) => FakeGuest,
  request: ExecStreamRequest,
  signal: AbortSignal,
) {
  const found = asked(() => guest(request.sandboxId));
  const program = found.start(request.cmd, request.args, '');
  try {
    yield { event: { case: 'start', value: { pid: program.pid } } } as const;
    let number = 0n;
    for await (const event of runFakeCommand(request, signal)) {
      if (event.kind === 'end') {
        const { exitCode, outcome } = event;
        yield { event: { case: 'end', value: { exitCode, outcome, error: '' } } } as const;
      } else {
        number += 1n;
        const output = { case: event.kind, value: event.data } as const;
        yield { event: { case: 'data', value: { output, number } } } as const;
      }
    }
  } finally {
    program.exit(0);
  }
}

function processCalls(guest: (id: string) => FakeGuest): FakeService {
  return {
    startBackground: ({ sandboxId, cmd, args, tag }) => {
      const found = guest(sandboxId);
      const program = found.start(cmd, args, tag);
      void runInBackground(program, cmd, args);
      return { pid: program.pid, tag };
    },
    listProcesses: ({ sandboxId }) => ({
      processes: guest(sandboxId)
        .running()
        .map(({ cmd, args, program: { pid, tag } }) => ({ pid, tag, cmd, args: [...args] })),
    }),
    listPorts: ({ sandboxId }) => ({ ports: guest(sandboxId).ports }),
    killProcess: ({ sandboxId, process }) => {
      guest(sandboxId).find(process).do('kill');
      return {};
    },
    connectProcess: async function* ({ sandboxId, process, from }, { signal }) {
      const program = asked(() => guest(sandboxId).find(process));
      for await (const event of outputOf(program, from ?? program.next, signal)) yield { event };
    },
    sendProcessInput: async ({ sandboxId, process, data, end }, { signal }) => {
      const program = guest(sandboxId).find(process);
      if (data.length > 0) await program.take(data, signal);
      if (end) program.do('end of input');
      return {};
    },
  };
}

/** Never rejects: a command that fails has ended. */
async function runInBackground(program: FakeProgram, cmd: string, args: readonly string[]): Promise<void> {
  const over = new AbortController();
  const request = { cmd, args: [...args], stdin: new Uint8Array(), envs: {}, timeoutSec: 0 };
  void program.ended.then(() => over.abort());
  try {
    for await (const event of runFakeCommand(request, over.signal)) {
      if (event.kind === 'end') program.exit(event.exitCode);
      else program.print(event.data);
    }
  } catch {
    program.exit(137);
  }
}

function terminalCalls(guest: (id: string) => FakeGuest): FakeService {
  const named = (id: string, tag: string) => guest(id).find({ case: 'tag', value: tag });
  return {
    ptyAttach: async function* ({ sandboxId, tag, cmd, from }, { signal }) {
      const program = asked(() =>
        cmd === '' ? named(sandboxId, tag) : guest(sandboxId).openShell(cmd, tag),
      );
      const { pid } = program;
      const first = from ?? (cmd === '' ? program.next : 1n);
      yield { event: { case: 'started', value: { pid, tag } } } as const;
      yield* program.shown(first, signal);
    },
    ptySendInput: async ({ sandboxId, tag, data }, { signal }) => {
      await named(sandboxId, tag).take(data, signal);
      return {};
    },
    ptyResize: ({ sandboxId, tag, cols, rows }) => {
      named(sandboxId, tag).resize({ cols, rows });
      return {};
    },
    ptyKill: ({ sandboxId, tag }) => {
      named(sandboxId, tag).do('kill');
      return {};
    },
  };
}

/** A stream begins after its call has returned: its faults are told here. */
function asked<T>(find: () => T): T {
  try {
    return find();
  } catch (thrown) {
    throw thrown instanceof WrennError ? toConnect(thrown) : thrown;
  }
}

/** What a program prints and how it ends, as streams of commands tell it. */
async function* outputOf(program: FakeProgram, from: bigint, signal: AbortSignal) {
  yield { event: { case: 'start', value: { pid: program.pid } } } as const;
  for await (const frame of program.frames(from, signal)) {
    if ('exitCode' in frame) {
      yield {
        event: { case: 'end', value: { exitCode: frame.exitCode, outcome: Outcome.EXITED } },
      } as const;
    } else {
      const output = { case: 'stdout', value: frame.data } as const;
      yield { event: { case: 'data', value: { output, number: frame.number } } } as const;
    }
  }
}
