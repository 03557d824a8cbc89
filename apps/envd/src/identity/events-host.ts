import { readIfThere, replaceFile } from './replace-file.ts';

const eventsHost = 'events.wrenn.local';

/** Makes the name under which programs reach the host's events lead to `address`, in `etc`/hosts. */
export function giveEventsHost(address: string, etc: string): void {
  const hosts = readIfThere(`${etc}/hosts`) ?? '';
  const wanted = hostsWithEvents(address, hosts);
  if (wanted !== hosts) replaceFile(`${etc}/hosts`, wanted, 0o644);
}

/** `hosts` with exactly one line for the name, and every other line as it was. */
export function hostsWithEvents(address: string, hosts: string): string {
  const others = hosts
    .split('\n')
    .filter((line) => line.trim().split(/\s+/)[1] !== eventsHost)
    .join('\n')
    .replace(/\n*$/, '');
  return `${others === '' ? '' : `${others}\n`}${address} ${eventsHost}\n`;
}
