import { pino } from 'pino';
import { expect, it } from 'vitest';
import { putThisProcessFirst } from './put-first.ts';

const silent = pino({ level: 'silent' });

it('every thread of this process is put before others', () => {
  const put: [number, number][] = [];
  putThisProcessFirst(silent, (thread, niceness) => put.push([thread, niceness]));
  expect(put.map(([thread]) => thread)).toContain(process.pid);
  expect(put.length).toBeGreaterThan(1);
  expect(new Set(put.map(([, niceness]) => niceness))).toEqual(new Set([-10]));
});

it('where it may not be done the process goes on', () => {
  const refuse = () => {
    throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
  };
  expect(() => putThisProcessFirst(silent, refuse)).not.toThrow();
});
