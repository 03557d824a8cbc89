/** Whether a guest has a serial port. Without one it cannot make its VMM print. */
export type GuestConsole = 'off' | 'serial';

/**
 * The guest kernel's command line. There is no PCI, and drives and network are found through ACPI. The keyboard controller
 * is there only to reboot by, which ends the VMM: its probes, which find nothing, take a tenth of a second of a boot.
 */
export function kernelCommandLine({ console }: { readonly console: GuestConsole }): string {
  return [
    ...['reboot=k', 'panic=-1', 'pci=off', 'quiet', 'clocksource=kvm-clock'],
    ...['i8042.noaux', 'i8042.nomux', 'i8042.nopnp', 'i8042.dumbkbd'],
    console === 'serial' ? 'console=ttyS0' : '8250.nr_uarts=0',
  ].join(' ');
}
