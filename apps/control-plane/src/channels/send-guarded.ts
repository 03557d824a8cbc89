import type { IncomingMessage } from 'node:http';
import { WrennError } from '@wrenn/core';
import type { ControlPlaneConfig } from '../config.ts';
import { AddressGuard } from '../outgoing/address-guard.ts';
import { openGuarded } from '../outgoing/guarded-request.ts';

export interface OutgoingRequest {
  readonly method: 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Of an answer only so much is read: nobody looks at the rest. */
const mostAnswerBytes = 64 * 1024;

/** Where channels may lead. */
export function channelGuard({ channelTargets }: ControlPlaneConfig): AddressGuard {
  return new AddressGuard(channelTargets, 'WRENN_CHANNEL_PRIVATE_TARGETS');
}

/** Sends a request to the receiver of a channel, and returns the status of the answer; throws as `openGuarded` does. */
export async function sendGuarded(
  guard: AddressGuard,
  request: OutgoingRequest,
  signal: AbortSignal,
): Promise<number> {
  const answer = await openGuarded(guard, request, signal);
  try {
    await drain(answer);
    return answer.statusCode ?? 0;
  } catch (thrown) {
    signal.throwIfAborted();
    throw new WrennError('host_unavailable', `${request.url.host} ended the connection`, { cause: thrown });
  }
}

async function drain(answer: IncomingMessage): Promise<void> {
  let left = mostAnswerBytes;
  for await (const chunk of answer) {
    left -= (chunk as Buffer).length;
    if (left < 0) break;
  }
}
