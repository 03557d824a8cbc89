import { describe, expect, it } from 'vitest';
import { kernelCommandLine } from './kernel-command-line.ts';

describe('kernelCommandLine', () => {
  it('turns the serial port off, so that a guest cannot make its VMM print', () => {
    const words = kernelCommandLine({ console: 'off' }).split(' ');
    expect(words).toContain('8250.nr_uarts=0');
    expect(words.filter((word) => word.startsWith('console='))).toEqual([]);
  });

  it('prints on the serial port where a console was asked for', () => {
    const words = kernelCommandLine({ console: 'serial' }).split(' ');
    expect(words).toContain('console=ttyS0');
    expect(words).not.toContain('8250.nr_uarts=0');
  });

  it.each(['off', 'serial'] as const)(
    'ends the VMM when the guest panics or reboots, with its console %s',
    (console) => {
      expect(kernelCommandLine({ console }).split(' ')).toEqual(
        expect.arrayContaining(['panic=-1', 'reboot=k', 'pci=off', 'clocksource=kvm-clock']),
      );
    },
  );
});
