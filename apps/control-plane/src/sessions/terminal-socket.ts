import { WrennError } from '@wrenn/core';
import { withScope } from '../access/route-auth.ts';
import type { Channel, Message } from '../sockets/channel.ts';
import { readFrame } from '../sockets/frames.ts';
import type { SocketRoute } from '../sockets/socket-route.ts';
import { faultOf } from './fault-of.ts';
import { nextFrame, openFrame } from './terminal-frames.ts';
import { TerminalSession } from './terminal-session.ts';

/** For what a client sent last, when it left with it on its way. */
const finishMs = 5_000;

/** `WS /v1/capsules/{id}/pty`: docs/terminals.md has its frames. A client that goes away leaves the terminal running. */
export const terminalSocket: SocketRoute = {
  path: '/pty',
  auth: withScope('capsules:exec'),
  audits: 'capsule.terminal',
  async serve(context, channel, { capsuleId, ...doer }) {
    const first = await channel.next();
    if (first === undefined) return;
    const open = readFrame(openFrame, first);
    const session = new TerminalSession({ context, doer, capsuleId }, channel, open);
    const mode = open.type === 'connect' ? open.mode : 'edit';
    const over = new AbortController();
    const doing = [
      hear(channel, session, mode, over.signal),
      session.acts.type(over.signal),
      session.acts.control(over.signal),
    ];
    const showing = session.show(AbortSignal.any([channel.closed, over.signal]));
    try {
      // A fault of any is the end of all; when the program has ended, so has the session.
      await Promise.race([showing, ...doing.map(faultOf)]);
    } catch (thrown) {
      if (!channel.closed.aborted) throw thrown;
      await finished(doing);
    } finally {
      over.abort(new WrennError('cancelled', 'the terminal has ended'));
      await Promise.allSettled([...doing, showing]);
    }
  },
};

/** Returns when what the client sent before it left is done, or has had its time. */
async function finished(doing: readonly Promise<void>[]): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, finishMs);
  await Promise.race([Promise.allSettled(doing), late.promise]);
  clearTimeout(timer);
}

/** Puts what the client sends into the queue, in its order, and reads no faster than that empties. */
async function hear(
  channel: Channel,
  session: TerminalSession,
  mode: 'edit' | 'view',
  signal: AbortSignal,
): Promise<void> {
  const { queue } = session.acts;
  let sent = 0n;
  const next = () => channel.next(signal);
  for (let message = await next(); message !== undefined; message = await next()) {
    const frame = frameOf(message);
    if (mode === 'view' && frame.type !== 'flow') {
      throw new WrennError('forbidden', 'this terminal was opened to look on, and takes no input', {
        field: 'type',
        remedy: 'connect to it without mode, or with "edit"',
      });
    }
    switch (frame.type) {
      case 'input': {
        const offset = frame.offset ?? sent;
        sent = offset + BigInt(frame.data.length);
        if (frame.data.length > 0) await queue.add({ kind: 'input', data: frame.data, offset }, signal);
        break;
      }
      case 'resize':
        if (frame.cols > 0 && frame.rows > 0)
          await queue.add({ kind: 'resize', cols: frame.cols, rows: frame.rows }, signal);
        break;
      case 'kill':
        await queue.add({ kind: 'kill' }, signal);
        break;
      case 'flow':
        session.setFlow(frame.state);
        break;
    }
  }
  queue.end();
}

function frameOf(message: Message) {
  if (message.kind === 'binary') return { type: 'input', data: message.bytes, offset: undefined } as const;
  const frame = readFrame(nextFrame, message);
  if (frame.type !== 'input') return frame;
  const offset = frame.offset === undefined ? undefined : BigInt(frame.offset);
  return { type: 'input', data: Buffer.from(frame.data, 'base64'), offset } as const;
}
