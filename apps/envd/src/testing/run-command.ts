import type { Client } from '@connectrpc/connect';
import type { Process, ProcessEvent_EndEvent, StartResponse } from '@wrenn/protocol/process';

export interface CommandResult {
  readonly pid: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly end: ProcessEvent_EndEvent;
}

/** Starts a command, without standard input unless asked for, and collects its events until the end. */
export async function runCommand(
  client: Client<typeof Process>,
  cmd: string,
  args: readonly string[] = [],
  more: { readonly envs?: Record<string, string>; readonly cwd?: string } = {},
): Promise<CommandResult> {
  return await collect(client.start({ process: { cmd, args: [...args], ...more }, stdin: false }));
}

/** Throws when the events are not a start, output, and an end after which nothing comes. */
export async function collect(events: AsyncIterable<StartResponse>): Promise<CommandResult> {
  let pid: number | undefined;
  let end: ProcessEvent_EndEvent | undefined;
  const output = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  for await (const { event } of events) {
    if (end !== undefined) throw new Error('an event came after the end');
    const one = event?.event;
    if (one?.case === 'start') pid = one.value.pid;
    else if (pid === undefined) throw new Error('an event came before the start');
    else if (one?.case === 'end') end = one.value;
    else if (one?.case === 'data' && one.value.output.case !== undefined) {
      if (one.value.output.case === 'pty') throw new Error('there is no terminal');
      output[one.value.output.case].push(one.value.output.value);
    }
  }
  if (pid === undefined || end === undefined) throw new Error('the stream ended without an end event');
  return { pid, stdout: Buffer.concat(output.stdout), stderr: Buffer.concat(output.stderr), end };
}
