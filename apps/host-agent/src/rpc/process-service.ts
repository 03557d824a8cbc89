import type { ServiceImpl } from '@connectrpc/connect';
import { parseId, WrennError } from '@wrenn/core';
import { type HostAgentService, Outcome, type PtyAttachRequest } from '@wrenn/protocol/hostagent';
import type { CapsuleContext } from '../capsules/capsules.ts';
import type { ProcessEvent, ProcessOutcome } from '../processes/events.ts';
import { exec } from '../processes/exec.ts';
import { collectOutput } from '../processes/exec-output.ts';
import { listeningPorts } from '../processes/listening-ports.ts';
import {
  listProcesses,
  sendInput,
  signalProcess,
  startBackground,
  watchProcess,
} from '../processes/processes.ts';
import { selectorFrom } from '../processes/selector.ts';
import {
  killTerminal,
  openTerminal,
  resizeTerminal,
  typeInto,
  watchTerminal,
} from '../processes/terminals.ts';
import { commandOptions, execOptions, execStreamOptions, tagFrom } from './requests.ts';

/** Calls that this part answers. */
type ProcessCalls =
  | 'exec'
  | 'execStream'
  | 'startBackground'
  | 'listProcesses'
  | 'listPorts'
  | 'killProcess'
  | 'connectProcess'
  | 'sendProcessInput'
  | 'ptyAttach'
  | 'ptySendInput'
  | 'ptyResize'
  | 'ptyKill';

const outcomes: Record<ProcessOutcome, Outcome> = {
  exited: Outcome.EXITED,
  killed: Outcome.KILLED,
  timed_out: Outcome.TIMED_OUT,
  lost: Outcome.LOST,
};

/** The calls on programs in capsules. `stopping` ends them with the agent; the programs go on. */
export function processService(
  context: CapsuleContext,
  stopping: AbortSignal,
): Pick<ServiceImpl<typeof HostAgentService>, ProcessCalls> {
  const until = (call: { readonly signal: AbortSignal }) => AbortSignal.any([call.signal, stopping]);
  return {
    async exec(request, call) {
      const { id, options, capBytes } = execOptions(request);
      const { outcome, ...rest } = await collectOutput(exec(context, id, options, until(call)), capBytes);
      return { ...rest, outcome: outcomes[outcome] };
    },

    async *execStream(request, call) {
      const { id, options } = execStreamOptions(request);
      yield* told(exec(context, id, options, until(call)), processResponse);
    },

    async startBackground(request, call) {
      const tag = tagFrom(request.tag);
      const options = { ...commandOptions(request), tag };
      return { pid: await startBackground(context, capsuleOf(request), options, until(call)), tag };
    },

    async listProcesses(request, call) {
      const processes = await listProcesses(context, capsuleOf(request), until(call));
      return { processes: processes.map(({ args, ...rest }) => ({ ...rest, args: [...args] })) };
    },

    async listPorts(request, call) {
      return { ports: [...(await listeningPorts(context, capsuleOf(request), until(call)))] };
    },

    async killProcess(request, call) {
      const selector = selectorFrom(request.process);
      const name = signalName(request.signal);
      await signalProcess(context, capsuleOf(request), selector, name, until(call));
      return {};
    },

    async *connectProcess(request, call) {
      const watched = { selector: selectorFrom(request.process), from: request.from };
      const events = watchProcess(context, capsuleOf(request), watched, until(call));
      for await (const event of told(events, processResponse)) yield { event };
    },

    async sendProcessInput(request, call) {
      const input = { data: request.data, last: request.end };
      await sendInput(context, capsuleOf(request), selectorFrom(request.process), input, until(call));
      return {};
    },

    async *ptyAttach(request, call) {
      yield* told(attach(context, request, until(call)), (event) => terminalResponse(event, request.tag));
    },

    async ptySendInput(request, call) {
      await typeInto(context, capsuleOf(request), request, until(call));
      return {};
    },

    async ptyResize({ tag, cols, rows, sandboxId }, call) {
      await resizeTerminal(context, capsuleOf({ sandboxId }), { tag, size: { cols, rows } }, until(call));
      return {};
    },

    async ptyKill(request, call) {
      await killTerminal(context, capsuleOf(request), request.tag, until(call));
      return {};
    },
  };
}

function attach(context: CapsuleContext, request: PtyAttachRequest, signal: AbortSignal) {
  const tag = tagFrom(request.tag);
  const id = capsuleOf(request);
  if (request.cmd === '') return watchTerminal(context, id, { tag, from: request.from }, signal);
  const { cols, rows } = request;
  return openTerminal(context, id, { ...commandOptions(request), tag, size: { cols, rows } }, signal);
}

/** Events as answers, without those that are none. */
async function* told<T>(
  events: AsyncIterable<ProcessEvent>,
  answerOf: (event: ProcessEvent) => T | undefined,
): AsyncGenerator<T, void> {
  for await (const event of events) {
    const answer = answerOf(event);
    if (answer !== undefined) yield answer;
  }
}

function capsuleOf({ sandboxId }: { readonly sandboxId: string }) {
  return parseId('capsule', sandboxId, 'sandbox_id');
}

function signalName(name: string): 'SIGKILL' | 'SIGTERM' {
  if (name === '' || name === 'SIGKILL') return 'SIGKILL';
  if (name === 'SIGTERM') return name;
  throw new WrennError('invalid_request', `signal ${name} cannot be sent`, {
    field: 'signal',
    remedy: 'SIGTERM or SIGKILL',
  });
}

/** Who reads a process as streams has no screen that could have a size. */
function processResponse(event: ProcessEvent) {
  switch (event.kind) {
    case 'start':
      return { event: { case: 'start', value: { pid: event.pid } } } as const;
    case 'stdout':
    case 'stderr':
    case 'pty': {
      const output = { case: event.kind, value: event.data };
      return { event: { case: 'data', value: { output, number: BigInt(event.number) } } } as const;
    }
    case 'gap':
      return { event: { case: 'gap', value: gapOf(event) } } as const;
    case 'size':
      return undefined;
    case 'end': {
      const { exitCode, error, outcome } = event;
      return { event: { case: 'end', value: { exitCode, error, outcome: outcomes[outcome] } } } as const;
    }
  }
}

/** A terminal has one stream of output. A lost way to it is the call's end, since the terminal may go on. */
function terminalResponse(event: ProcessEvent, tag: string) {
  switch (event.kind) {
    case 'start':
      return { event: { case: 'started', value: { pid: event.pid, tag } } } as const;
    case 'pty':
      return {
        event: { case: 'output', value: { data: event.data, number: BigInt(event.number) } },
      } as const;
    case 'gap':
      return { event: { case: 'gap', value: gapOf(event) } } as const;
    case 'size':
      return { event: { case: 'size', value: { cols: event.cols, rows: event.rows } } } as const;
    case 'end': {
      const { exitCode, error, outcome } = event;
      if (outcome === 'lost') {
        throw new WrennError('host_unavailable', `the way to the terminal broke: ${error}`, {
          remedy: 'attach to it again, from the frame after the last one seen',
        });
      }
      return { event: { case: 'exited', value: { exitCode, error } } } as const;
    }
    default:
      return undefined;
  }
}

function gapOf({ first, last }: { readonly first: number; readonly last: number }) {
  return { first: BigInt(first), last: BigInt(last) };
}
