import type { Agent } from 'node:http';
import type { DescMethod } from '@bufbuild/protobuf';
import type { Interceptor, Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { type Secret, unlessSilent, WrennError } from '@wrenn/core';
import { Process } from '@wrenn/protocol/process';
import { tracedClient } from '@wrenn/service';
import type { GuestConnections } from './guest-connections.ts';
import type { Presence } from './presence.ts';
import type { Standstill } from './standstill.ts';

export interface TransportOptions {
  readonly baseUrl: string;
  readonly token: Secret;
  readonly connections: GuestConnections;
  readonly standstill: Standstill;
  /** The most that a call may take which does not say so itself. */
  readonly callMs: number;
  /** More at once are refused. */
  readonly mostStreams: number;
  /** After so long without an answer it is asked whether the guest is there. */
  readonly patienceMs: number;
  readonly presence: Presence;
}

/** Calls that are answered when the program in the guest has read what it was sent, which may be never. */
const lastingCalls = new Set<DescMethod>([Process.method.sendInput]);

/**
 * The way of RPCs to a guest: streams, and calls that last as long as those, by connections without a bound of time or
 * number, all other calls by their own. While the guest stands still they wait.
 */
export function guestTransport(options: TransportOptions): Transport {
  const { connections, callMs } = options;
  const interceptors = [tracedClient('guest'), interceptor(options)];
  const common = {
    baseUrl: options.baseUrl,
    httpVersion: '1.1',
    useBinaryFormat: true,
    interceptors,
  } as const;
  const by = (agent: Agent) => ({ ...common, nodeOptions: { agent } });
  const calls = createConnectTransport({ ...by(connections.calls), defaultTimeoutMs: callMs });
  const lasting = createConnectTransport(by(connections.lasting));
  return {
    unary: (method, ...call) => (lastingCalls.has(method) ? lasting : calls).unary(method, ...call),
    stream: (...call) => lasting.stream(...call),
  };
}

function interceptor({
  token,
  standstill,
  presence,
  patienceMs,
  mostStreams,
}: TransportOptions): Interceptor {
  let streams = 0;
  return (next) => async (call) => {
    await standstill.over(call.signal);
    if (call.stream) {
      call.signal.throwIfAborted();
      if (streams >= mostStreams) throw tooManyStreams(mostStreams);
      streams += 1;
      // At its end, however that comes.
      call.signal.addEventListener(
        'abort',
        () => {
          streams -= 1;
        },
        { once: true },
      );
    }
    call.header.set('X-Access-Token', token.reveal());
    return await unlessSilent(next(call), patienceMs, () => presence.check());
  };
}

function tooManyStreams(most: number): WrennError {
  return new WrennError(
    'rate_limited',
    `the capsule has ${most} streams of output open, and may have no more`,
    {
      remedy: 'end some of them',
    },
  );
}
