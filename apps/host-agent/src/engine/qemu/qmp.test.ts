import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Qmp } from './qmp.ts';

const soon = AbortSignal.timeout(20_000);
let directory: string;
let server: Server;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'qmp-'));
});

afterEach(async () => {
  server.close();
  await rm(directory, { recursive: true });
});

/** Answers like QEMU: a greeting, then what `answer` makes of each command. */
async function listen(
  answer: (command: { execute: string; id: number }, socket: Socket) => void,
): Promise<string> {
  const path = join(directory, 'qmp.sock');
  server = createServer((socket) => {
    socket.write('{"QMP":{"version":{},"capabilities":[]}}\r\n');
    socket.on('data', (data) => {
      for (const line of data.toString().trim().split('\n')) {
        const command = JSON.parse(line);
        if (command.execute === 'qmp_capabilities') socket.write(`{"return":{},"id":${command.id}}\n`);
        else answer(command, socket);
      }
    });
    socket.on('error', () => socket.destroy());
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(path, resolve);
  await promise;
  return path;
}

describe('Qmp', () => {
  it('matches answers to commands however they are cut and ordered', async () => {
    const ids: number[] = [];
    const path = await listen(({ id }, socket) => {
      ids.push(id);
      if (ids.length < 2) return;
      const text = ids
        .reverse()
        .map((each) => `{"return":"answer ${each}","id":${each}}\n`)
        .join('');
      socket.write(text.slice(0, 10));
      setImmediate(() => socket.write(text.slice(10)));
    });
    using qmp = await Qmp.connect(path, soon);
    const answers = await Promise.all([qmp.run('a', {}, soon), qmp.run('b', {}, soon)]);
    expect(answers).toEqual(['answer 2', 'answer 3']);
  });

  it("turns QEMU's refusal into an error with its words", async () => {
    const path = await listen(({ id }, socket) => {
      socket.write(`{"error":{"class":"GenericError","desc":"no such device"},"id":${id}}\n`);
    });
    using qmp = await Qmp.connect(path, soon);
    await expect(qmp.run('device_del', {}, soon)).rejects.toMatchObject({
      code: 'agent_error',
      message: expect.stringContaining('no such device'),
    });
  });

  it('fails what waits when QEMU goes away, and says so to who watches', async () => {
    const path = await listen((_command, socket) => socket.destroy());
    using qmp = await Qmp.connect(path, soon);
    await expect(qmp.run('quit', {}, soon)).rejects.toMatchObject({ code: 'agent_error' });
    await qmp.closed;
  });

  it('hands out events, and survives lines that are not JSON', async () => {
    const path = await listen(({ id }, socket) => {
      socket.write(
        `nonsense\n{"event":"STOP"}\n{"event":"MIGRATION","data":{"status":"completed"}}\n{"return":{},"id":${id}}\n`,
      );
    });
    using qmp = await Qmp.connect(path, soon);
    const found = qmp.event(({ event }) => event === 'MIGRATION', soon);
    await qmp.run('migrate-incoming', {}, soon);
    expect((await found).data).toEqual({ status: 'completed' });
  });
});
