import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { attachTap } from './tap.ts';

const ip = (...args: string[]) => execFileSync('ip', args);

it('attaches to a device that is there, once', () => {
  const name = `wrenn-t${process.pid % 100_000}`;
  ip('tuntap', 'add', 'dev', name, 'mode', 'tap');
  onTestFinished(() => void ip('link', 'delete', name));
  const fd = attachTap(name);
  expect(() => attachTap(name)).toThrow('EBUSY');
  closeSync(fd);
  closeSync(attachTap(name));
});

it('refuses a device that is no TAP, and a name that is none', () => {
  expect(() => attachTap('lo')).toThrow('EINVAL');
  expect(() => attachTap('a name that is too long')).toThrow(RangeError);
});
