import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { WrennError } from '@wrenn/core';
import { type Process, Signal } from '@wrenn/protocol/process';
import type { Daemon } from '../guest/daemon.ts';
import { requireServing } from '../guest/daemon.ts';
import { clientGone } from '../rpc/client-gone.ts';
import { streaming, unary } from '../rpc/rpc-error.ts';
import { usernameOf } from '../users/basic-auth.ts';
import { eventsOf, eventsOfNone } from './event-stream.ts';
import { ManagedProcess } from './managed-process.ts';
import { spawnProcess } from './spawn-process.ts';
import { readStartRequest } from './start-request.ts';

const defaultKeepAliveSeconds = 90;
const longestKeepAliveSeconds = 24 * 60 * 60;

/** The part of `process.Process` that this version serves; the other methods answer `unimplemented`. */
export function processService(daemon: Daemon): Partial<ServiceImpl<typeof Process>> {
  const { processes } = daemon;
  return {
    list: () => ({ processes: processes.list() }),

    start: streaming(async function* (request, context) {
      requireServing(daemon);
      const spec = readStartRequest(request, usernameOf(context.requestHeader.get('authorization')), daemon);
      const spawned = await spawnProcess(spec);
      if (spawned.kind === 'refused') {
        for (const event of eventsOfNone(spawned.outcome)) yield { event };
        return;
      }
      const process = new ManagedProcess(spawned, spec, lifeMsOf(context));
      if (request.process !== undefined) processes.add(process, request.process, request.tag);
      const gone = context.values.get(clientGone);
      for await (const event of eventsOf(process, keepAliveMsOf(context), gone)) yield { event };
    }),

    sendInput: unary(async (request) => {
      const { stdin } = processes.select(request.process);
      const input = request.input?.input;
      if (input?.case === undefined) {
        throw new WrennError('invalid_request', 'no input is given', { field: 'input' });
      }
      if (input.case === 'pty') throw new WrennError('invalid_state', 'the process has no terminal');
      if (stdin === undefined) throw withoutStdin();
      await stdin.write(input.value);
      return {};
    }),

    closeStdin: unary((request) => {
      const { stdin } = processes.select(request.process);
      if (stdin === undefined) throw withoutStdin();
      stdin.end();
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
      if (!process.signal(name)) throw new WrennError('not_found', `process ${process.pid} has ended`);
      return {};
    }),
  };
}

/** How long the process may live. E2B's clients say 0 when they mean no limit; others leave the header out. */
function lifeMsOf(context: HandlerContext): number | undefined {
  const isUnbounded = Number(context.requestHeader.get('connect-timeout-ms') ?? 0) === 0;
  return isUnbounded ? undefined : context.timeoutMs();
}

/** The header's whole seconds, or 90. */
function keepAliveMsOf(context: HandlerContext): number {
  const text = context.requestHeader.get('keepalive-ping-interval') ?? '';
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return (seconds === 0 ? defaultKeepAliveSeconds : Math.min(seconds, longestKeepAliveSeconds)) * 1000;
}

function withoutStdin(): WrennError {
  return new WrennError('invalid_state', 'the process was started without standard input', {
    remedy: 'start it with stdin true',
  });
}
