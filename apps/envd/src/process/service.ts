import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { WrennError } from '@wrenn/core';
import {
  type ConnectRequest,
  type Process,
  type SendSignalRequest,
  Signal,
  type StartRequest,
} from '@wrenn/protocol/process';
import { type Daemon, requireServing } from '../guest/daemon.ts';
import { clientGone } from '../rpc/client-gone.ts';
import { keepAliveMsOf } from '../rpc/keep-alive.ts';
import { streaming, unary } from '../rpc/rpc-error.ts';
import { usernameOf } from '../users/authorization.ts';
import { eventsOf, eventsOfNone } from './event-stream.ts';
import { ManagedProcess } from './managed-process.ts';
import { OutputLog } from './output-log.ts';
import { pipeOf, terminalOf, writeInputStream, writeSent } from './process-input.ts';
import { type Spawned, spawnProcess } from './spawn-process.ts';
import { readStartRequest } from './start-request.ts';
import { readNewSize } from './terminal-size.ts';

/** `process.Process`. */
export function processService(daemon: Daemon): ServiceImpl<typeof Process> {
  const { processes } = daemon;
  return {
    list: () => ({ processes: processes.list() }),

    start: streaming(async function* (request, context) {
      requireServing(daemon);
      const spec = readStartRequest(request, usernameOf(context.requestHeader.get('authorization')), daemon);
      const spawned = await spawnProcess(spec, daemon);
      if (spawned.kind === 'refused') {
        for (const event of eventsOfNone(spawned.outcome)) yield { event };
        return;
      }
      const process = manage(daemon, spawned, request, context);
      const events = eventsOf(process, process.output.read().knowsSize(), {
        keepAliveMs: keepAliveMsOf(context),
        readerGone: context.values.get(clientGone),
        onTimeout: 'fail',
      });
      for await (const event of events) yield { event };
    }),

    connect: streaming(async function* (request, context) {
      const process = processes.selectForReading(request.process);
      const reader = process.output.read(firstWanted(request));
      // Here the call's time bounds the call alone.
      const readerGone = AbortSignal.any([context.signal, context.values.get(clientGone)]);
      const events = eventsOf(process, reader, {
        keepAliveMs: keepAliveMsOf(context),
        readerGone,
        onTimeout: 'end',
      });
      for await (const event of events) yield { event };
      context.signal.throwIfAborted();
    }),

    update: unary((request) => {
      const { input, output } = processes.select(request.process);
      const size = readNewSize(request.pty);
      terminalOf(input).resize(size);
      output.setSize(size);
      return {};
    }),

    streamInput: unary(async (requests) => {
      await writeInputStream(processes, requests);
      return {};
    }),

    sendInput: unary(async (request) => {
      await writeSent(processes.select(request.process), request);
      return {};
    }),

    closeStdin: unary((request) => {
      pipeOf(processes.select(request.process).input).end();
      return {};
    }),

    sendSignal: unary((request) => {
      const process = processes.select(request.process);
      const name = request.signal === Signal.SIGKILL ? 'SIGKILL' : 'SIGTERM';
      if (request.signal !== Signal.SIGKILL && request.signal !== Signal.SIGTERM) {
        throw new WrennError('invalid_request', `signal ${request.signal} cannot be sent`, {
          field: 'signal',
          remedy: 'SIGNAL_SIGTERM or SIGNAL_SIGKILL',
        });
      }
      if (!send(process, name, request)) {
        throw new WrennError('not_found', `process ${process.pid} has ended`);
      }
      return {};
    }),
  };
}

/** False when the process had ended. */
function send(
  process: ManagedProcess,
  name: 'SIGKILL' | 'SIGTERM',
  { withAllItStarted }: SendSignalRequest,
): boolean {
  if (!withAllItStarted) return process.signal(name);
  if (name === 'SIGKILL') return process.killAll();
  throw new WrennError('invalid_request', 'with all that it started, a process can only be killed', {
    field: 'with_all_it_started',
    remedy: 'SIGNAL_SIGKILL',
  });
}

/** Takes a process over in the turn in which it was started, before it can have forked much. */
function manage(
  { processes, workload }: Daemon,
  spawned: Extract<Spawned, { kind: 'running' }>,
  request: StartRequest,
  context: HandlerContext,
): ManagedProcess {
  const kind = spawned.ends.kind === 'terminal' ? 'terminal' : 'command';
  const process = new ManagedProcess(spawned, {
    output: new OutputLog(processes.outputBudget),
    placement: workload.adopt(spawned.pid, kind),
    lifeMs: lifeMsOf(context),
  });
  if (request.process !== undefined) processes.add(process, request.process, request.tag);
  return process;
}

/** How long the process may live. E2B's clients say 0 when they mean no limit; others leave the header out. */
function lifeMsOf(context: HandlerContext): number | undefined {
  const isUnbounded = Number(context.requestHeader.get('connect-timeout-ms') ?? 0) === 0;
  return isUnbounded ? undefined : context.timeoutMs();
}

/** Frames count from 1. Undefined: the next one. */
function firstWanted({ from }: ConnectRequest): number | undefined {
  return from === undefined ? undefined : Math.max(1, Number(from));
}
