import { describe, expect, it } from 'vitest';
import { makeInitrd } from './initrd.ts';

const parts = {
  init: Buffer.from('#!/bin/busybox sh\n'),
  busybox: Buffer.from('busybox'),
  modules: [
    { need: 'required', name: 'virtio_ring', content: Buffer.from('1') },
    { need: 'optional', name: 'ptp_kvm', content: Buffer.from('2') },
  ],
} as const;

describe('makeInitrd', () => {
  it('tells the init script which modules to load, in order, and which may fail', () => {
    expect(makeInitrd(parts).toString('latin1')).toContain('required virtio_ring\noptional ptp_kvm\n');
  });

  it('holds a console, without which the kernel gives PID 1 no output', () => {
    expect(makeInitrd(parts).toString('latin1')).toContain('dev/console\0');
  });

  it('gives the same bytes for the same parts', () => {
    expect(makeInitrd(parts).equals(makeInitrd(parts))).toBe(true);
  });
});
