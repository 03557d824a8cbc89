import { WrennError } from '@wrenn/core';
import type { ExecStreamResponse } from '@wrenn/protocol/hostagent';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { envs } from '../capsules/schemas.ts';
import { useCapsule } from '../capsules/use.ts';
import { text } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import type { Channel } from '../sockets/channel.ts';
import { readFrame } from '../sockets/frames.ts';
import type { SocketRequest, SocketRoute } from '../sockets/socket-route.ts';
import { OutputFrames } from './output-frames.ts';

const base64 = z
  .string()
  .max(1_500_000)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/, 'is not base64');

const startFrame = z.strictObject({
  type: z.literal('start'),
  cmd: text(65_536).min(1),
  args: z.array(text(131_072)).max(4096).default([]),
  cwd: text(4096).default(''),
  envs: envs.default({}),
  user: text(64).default(''),
  timeout_sec: z.int().min(0).max(86_400).default(0),
  /** Whether input follows by `stdin` frames; without, the command reads nothing. */
  stdin: z.boolean().default(false),
  encoding: z.enum(['utf-8', 'base64']).default('utf-8'),
});

const nextFrame = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('stdin'),
    data: z.string(),
    encoding: z.enum(['utf-8', 'base64']).optional(),
  }),
  z.strictObject({ type: z.literal('stdin_end') }),
  z.strictObject({ type: z.literal('stop') }),
]);

/** `WS /v1/capsules/{id}/exec/stream`: docs/terminals.md has its frames. A client that goes away ends the command. */
export const execSocket: SocketRoute = {
  path: '/exec/stream',
  auth: withScope('capsules:exec'),
  audits: 'capsule.exec',
  async serve(context, channel, request) {
    const first = await channel.next();
    if (first === undefined) return;
    const start = readFrame(startFrame, first);
    const over = new AbortController();
    const signal = AbortSignal.any([channel.closed, over.signal]);
    const frames = new OutputFrames(channel, start.encoding);
    const command = await begin(context, request, start, signal);
    const hearing = hear(context, channel, { request, pid: command.pid, encoding: start.encoding }, over);
    try {
      await Promise.race([tellAll(frames, command), faultOf(hearing)]);
    } catch (thrown) {
      // `stop`, or a client that went away: both have what they want.
      if (!signal.aborted) throw thrown;
    } finally {
      over.abort(new WrennError('cancelled', 'the command has ended'));
      await command.events.return();
      await Promise.allSettled([hearing]);
    }
  },
};

interface Command {
  readonly pid: number;
  readonly first: ExecStreamResponse;
  readonly events: AsyncGenerator<ExecStreamResponse, void>;
}

async function begin(
  context: ServerContext,
  { capsuleId, ...caller }: SocketRequest,
  start: z.output<typeof startFrame>,
  signal: AbortSignal,
): Promise<Command> {
  const { cmd, args, cwd, envs: environment, user, timeout_sec: timeoutSec } = start;
  const options = { cmd, args, cwd, envs: environment, user, timeoutSec, keepStdinOpen: start.stdin };
  return await useCapsule(context, caller, capsuleId, signal, async (agent) => {
    const events = agent.execStream({ ...options, sandboxId: capsuleId }, signal);
    const { done, value } = await events.next();
    if (done === true)
      throw new WrennError('agent_error', 'the agent did not say what became of the command');
    return { pid: value.event.case === 'start' ? value.event.value.pid : 0, first: value, events };
  });
}

async function tellAll(frames: OutputFrames, { first, events }: Command): Promise<void> {
  await frames.tell(first);
  for await (const event of events) if ((await frames.tell(event)) === 'ended') return;
  throw new WrennError(
    'host_unavailable',
    'the stream of its output ended early: whether it ended is not known',
  );
}

/** Hands input on in its order, reading no faster than the command does. `stop` aborts `over`. */
async function hear(
  context: ServerContext,
  channel: Channel,
  to: { readonly request: SocketRequest; readonly pid: number; readonly encoding: 'utf-8' | 'base64' },
  over: AbortController,
): Promise<void> {
  const { capsuleId, ...caller } = to.request;
  const send = async (data: Uint8Array<ArrayBuffer>, end: boolean) => {
    const process = { case: 'pid', value: to.pid } as const;
    const input = { sandboxId: capsuleId, process, data, end };
    await useCapsule(context, caller, capsuleId, over.signal, (agent) => agent.sendInput(input, over.signal));
  };
  const next = () => channel.next(over.signal);
  for (let message = await next(); message !== undefined; message = await next()) {
    if (message.kind === 'binary') {
      await send(new Uint8Array(message.bytes), false);
      continue;
    }
    const frame = readFrame(nextFrame, message);
    if (frame.type === 'stop')
      return over.abort(new WrennError('cancelled', 'the client stopped the command'));
    if (frame.type === 'stdin_end') await send(new Uint8Array(), true);
    else await send(bytesOf(frame.data, frame.encoding ?? to.encoding), false);
  }
}

function bytesOf(data: string, encoding: 'utf-8' | 'base64'): Uint8Array<ArrayBuffer> {
  if (encoding === 'base64' && !base64.safeParse(data).success) {
    throw new WrennError('invalid_request', 'data: is not base64', { field: 'data' });
  }
  return new Uint8Array(Buffer.from(data, encoding === 'base64' ? 'base64' : 'utf8'));
}

/** Never settles but by a fault; input for a command that has ended is none. */
function faultOf(work: Promise<void>): Promise<never> {
  return new Promise((_, reject) => {
    work.catch((thrown: unknown) => {
      const { code } = WrennError.from(thrown);
      if (code !== 'not_found' && code !== 'invalid_state') reject(thrown);
    });
  });
}
