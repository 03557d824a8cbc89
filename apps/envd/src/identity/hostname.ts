import { setHostname } from '@wrenn/sys';
import { readIfThere, replaceFile } from './replace-file.ts';

/** The address that Debian gives a machine's own name, apart from `localhost`. */
const ownAddress = '127.0.1.1';

/**
 * Makes `name` the machine's: in the kernel, in `etc`/hostname and, since programs such as sudo look their machine's
 * name up, in `etc`/hosts. A file system that takes no writes keeps its files; the kernel's name is what counts.
 */
export function giveHostname(name: string, etc: string): void {
  setHostname(name);
  if (readIfThere(`${etc}/hostname`) !== `${name}\n`) replaceFile(`${etc}/hostname`, `${name}\n`, 0o644);
  const hosts = readIfThere(`${etc}/hosts`);
  const wanted = hostsWith(name, hosts ?? '127.0.0.1 localhost\n::1 localhost\n');
  if (hosts !== wanted) replaceFile(`${etc}/hosts`, wanted, 0o644);
}

/** `hosts` with exactly one line for the machine's own address, and every other line as it was. */
export function hostsWith(name: string, hosts: string): string {
  const others = hosts
    .split('\n')
    .filter((line) => line.trim().split(/\s+/, 1)[0] !== ownAddress)
    .join('\n')
    .replace(/\n*$/, '');
  return `${others === '' ? '' : `${others}\n`}${ownAddress} ${name}\n`;
}
