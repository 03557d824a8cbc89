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
import { base64 } from './base64.ts';
import { CommandInput } from './command-input.ts';
import { faultOf } from './fault-of.ts';
import { OutputFrames } from './output-frames.ts';

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
    const input = new CommandInput();
    const hearing = hear(channel, input, start.encoding, over);
    const feeding = feed(context, request, { pid: command.pid, input }, over.signal);
    try {
      await Promise.race([tellAll(frames, command), faultOf(hearing), faultOf(feeding)]);
    } catch (thrown) {
      // `stop`, or a client that went away: both have what they want.
      if (!signal.aborted) throw thrown;
    } finally {
      over.abort(new WrennError('cancelled', 'the command has ended'));
      await command.events.return();
      await Promise.allSettled([hearing, feeding]);
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

/** Puts what the client sends into `input`, and reads no faster than that empties. `stop` aborts `over`. */
async function hear(
  channel: Channel,
  input: CommandInput,
  encoding: 'utf-8' | 'base64',
  over: AbortController,
): Promise<void> {
  const next = () => channel.next(over.signal);
  for (let message = await next(); message !== undefined; message = await next()) {
    if (message.kind === 'binary') {
      await input.add(message.bytes, over.signal);
      continue;
    }
    const frame = readFrame(nextFrame, message);
    if (frame.type === 'stop')
      return over.abort(new WrennError('cancelled', 'the client stopped the command'));
    if (frame.type === 'stdin_end') input.end();
    else await input.add(bytesOf(frame.data, frame.encoding ?? encoding), over.signal);
  }
}

/** Gives the command its input, no faster than it reads. For one that takes no more, what follows is dropped. */
async function feed(
  context: ServerContext,
  { capsuleId, ...caller }: SocketRequest,
  { pid, input }: { readonly pid: number; readonly input: CommandInput },
  signal: AbortSignal,
): Promise<void> {
  const process = { case: 'pid', value: pid } as const;
  for (let part = await input.next(signal); part !== undefined; part = await input.next(signal)) {
    const sent = { sandboxId: capsuleId, process, data: part.data, end: part.last };
    try {
      await useCapsule(context, caller, capsuleId, signal, (agent) => agent.sendInput(sent, signal));
    } catch (thrown) {
      const { code } = WrennError.from(thrown);
      if (code !== 'not_found' && code !== 'invalid_state') throw thrown;
      input.close();
    }
  }
}

function bytesOf(data: string, encoding: 'utf-8' | 'base64'): Buffer {
  if (encoding === 'base64' && !base64.safeParse(data).success) {
    throw new WrennError('invalid_request', 'data: is not base64', { field: 'data' });
  }
  return Buffer.from(data, encoding === 'base64' ? 'base64' : 'utf8');
}
