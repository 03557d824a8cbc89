import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { systemCode, WrennError } from '@wrenn/core';
import { formatAddress, type ListenAddress } from './listen-address.ts';

const tunDevice = '/dev/net/tun';

/** An address that one of Wrenn's processes is going to listen on, and the variable that moves it. */
export interface WantedPort {
  readonly usedBy: string;
  readonly variable: string;
  readonly address: ListenAddress;
}

/** What has to be so before anything is started: each fault names its cause and what to do. */
export async function checkMachine(): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new WrennError(
      'missing_prerequisite',
      'not root: virtual machines, namespaces and cgroups need it',
      {
        remedy: 'run the same command with sudo',
      },
    );
  }
  await checkTun();
}

async function checkTun(): Promise<void> {
  try {
    const device = await open(tunDevice, 'r+');
    await device.close();
  } catch (cause) {
    throw new WrennError('missing_prerequisite', `${tunDevice} cannot be opened (${systemCode(cause)})`, {
      cause,
      remedy: 'load the tun module (modprobe tun); in a container, pass the device through',
    });
  }
}

export async function checkPort({ usedBy, variable, address }: WantedPort): Promise<void> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ ...address, exclusive: true }, resolve);
  try {
    await promise;
  } catch (cause) {
    const problem =
      systemCode(cause) === 'EADDRINUSE' ? 'is in use' : `cannot be used (${systemCode(cause)})`;
    throw new WrennError(
      'missing_prerequisite',
      `port ${formatAddress(address)} for the ${usedBy} ${problem}`,
      {
        cause,
        remedy: `end the program that has it (ss -ltnp 'sport = :${address.port}' shows it), or set ${variable} to another address`,
      },
    );
  } finally {
    server.close();
  }
}
