import { expect } from 'vitest';
import { capture, captureAndEnd, sumOfSnapshot } from './capture.ts';
import { type EnginePromise, never } from './promise.ts';
import { sumOfWritten } from './running.ts';

const page = 4096;
const longestRun = 16 << 20;

export const memoryPromises: readonly EnginePromise[] = [
  {
    name: 'what a guest wrote is among its written pages, which are whole, ascending and disjoint',
    async check(host) {
      const { machine, guest, directory, end } = await host.start(host.template, never);
      const text = `written ${crypto.randomUUID()}`;
      await guest.put('first', text);
      await machine.stop(never);
      await machine.saveState(`${directory}/looked-at`, never);
      let [isThere, last] = [false, 0];
      for await (const { offset, bytes } of machine.writtenPages(never)) {
        expect(offset).toBeGreaterThanOrEqual(last);
        expect([offset % page, bytes.length % page]).toEqual([0, 0]);
        expect(bytes.length).toBeGreaterThan(0);
        expect(bytes.length).toBeLessThanOrEqual(longestRun);
        isThere ||= bytes.includes(text);
        last = offset + bytes.length;
      }
      expect(isThere).toBe(true);
      expect(last).toBeLessThanOrEqual(host.memoryBytes);
      await end();
    },
  },
  {
    name: 'written pages are the same when they are asked for again',
    async check(host) {
      const { machine, guest, directory, end } = await host.start(host.template, never);
      await guest.fill();
      await machine.stop(never);
      await machine.saveState(`${directory}/looked-at`, never);
      expect(await sumOfWritten(machine)).toBe(await sumOfWritten(machine));
      await end();
    },
  },
  {
    name: 'a capture has every byte of the memory, and nothing that was not written differs',
    needs: 'readable memory',
    async check(host) {
      const first = await host.start(host.template, never);
      await first.guest.fill();
      const point = await capture(host, first);
      expect(await sumOfSnapshot(point, host.memoryBytes)).toBe(await first.guest.memorySum());
      await first.end();
    },
  },
  {
    name: 'a machine that was restored reads every byte as it was',
    async check(host) {
      const first = await host.start(host.template, never);
      await first.guest.fill();
      const sum = await first.guest.sum();
      const second = await host.start(await captureAndEnd(host, first), never);
      expect(await second.guest.sum()).toBe(sum);
      await second.end();
    },
  },
  {
    name: 'a page that became zero is zero after a restore, whatever it was before',
    async check(host) {
      const first = await host.start(host.template, never);
      await first.guest.fill();
      const filled = await first.guest.sum();
      const second = await host.start(await captureAndEnd(host, first), never);
      await second.guest.clear();
      const cleared = await second.guest.sum();
      const third = await host.start(await captureAndEnd(host, second), never);
      expect(await third.guest.sum()).toBe(cleared);
      expect(cleared).not.toBe(filled);
      await third.end();
    },
  },
  {
    name: 'machines of one snapshot are independent, each in a slot of its own',
    async check(host) {
      const first = await host.start(host.template, never);
      await first.guest.put('first', 'of both');
      const point = await captureAndEnd(host, first);
      const [one, other] = [await host.start(point, never), await host.start(point, never)];
      expect(one.slot.index).not.toBe(other.slot.index);
      await one.guest.put('first', 'of the one');
      expect(await other.guest.get('first')).toBe('of both');
      await other.guest.put('second', 'of the other');
      expect(await one.guest.get('second')).toBe('');
      await one.end();
      await other.end();
    },
  },
  {
    name: 'three generations keep what each of them wrote, and what only the first wrote comes from it',
    async check(host) {
      const first = await host.start(host.template, never);
      await first.guest.put('first', 'one');
      await first.guest.fill();
      const sum = await first.guest.sum();
      const second = await host.start(await captureAndEnd(host, first), never);
      await second.guest.put('second', 'two');
      const third = await host.start(await captureAndEnd(host, second), never);
      await third.guest.put('third', 'three');
      const { guest, end } = await host.start(await captureAndEnd(host, third), never);
      expect([await guest.get('first'), await guest.get('second'), await guest.get('third')]).toEqual([
        'one',
        'two',
        'three',
      ]);
      expect(await guest.sum()).toBe(sum);
      await end();
    },
  },
  {
    name: 'a machine that went on after a capture has all of its pages in the next',
    async check(host) {
      const first = await host.start(host.template, never);
      await first.guest.put('first', 'before');
      await capture(host, first);
      await first.machine.go(never);
      await first.guest.put('second', 'after');
      const again = await host.start(await captureAndEnd(host, first), never);
      expect(await again.guest.get('first')).toBe('before');
      expect(await again.guest.get('second')).toBe('after');
      await again.end();
    },
  },
];
