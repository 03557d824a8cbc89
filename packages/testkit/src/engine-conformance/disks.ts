import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { expect } from 'vitest';
import { capture, captureAndEnd } from './capture.ts';
import { type EnginePromise, never } from './promise.ts';

export const diskPromises: readonly EnginePromise[] = [
  {
    name: 'a disk and the memory that were captured together belong together',
    async check(host) {
      const first = await host.start(host.template, never);
      await first.guest.writeDisk('on the disk');
      await first.guest.put('first', 'in memory');
      const { guest, end } = await host.start(await captureAndEnd(host, first), never);
      expect(await guest.readDisk()).toBe('on the disk');
      expect(await guest.get('first')).toBe('in memory');
      await end();
    },
  },
  {
    name: 'a disk that was sealed is never written to again, while its machine goes on writing',
    async check(host) {
      const first = await host.start(host.template, never);
      await first.guest.writeDisk('before');
      const point = await capture(host, first);
      const sealed = await sumOfFile(point.disk);
      await first.machine.go(never);
      await first.guest.writeDisk('after');
      const copy = await host.start(point, never);
      expect(await copy.guest.readDisk()).toBe('before');
      await copy.guest.writeDisk('of the copy');
      expect(await first.guest.readDisk()).toBe('after');
      await copy.end();
      await first.end();
      expect(await sumOfFile(point.disk)).toBe(sealed);
    },
  },
];

async function sumOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
