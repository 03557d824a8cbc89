import { run } from '../../process/run.ts';
import { guest, type Slot } from '../slot.ts';

const bounds = { signal: new AbortController().signal, timeoutMs: 30_000 };

/**
 * A second namespace in the place of a virtual machine: it has the guest's address behind an interface that stands
 * where the TAP was. For tests of what a guest can reach without booting one.
 */
export class StandInGuest implements AsyncDisposable {
  readonly #namespace: string;

  private constructor(namespace: string) {
    this.#namespace = namespace;
  }

  static async attach(slot: Slot): Promise<StandInGuest> {
    const namespace = `wrenn-guest-${slot.index}`;
    await ip(['-batch', '-'], `netns add ${namespace}\n`);
    const inSlot = `link del ${guest.tap}
link add ${guest.tap} address ${guest.gatewayMac} type veth peer name eth0 address ${guest.mac} netns ${namespace}
addr add ${guest.gateway}/${guest.prefix} dev ${guest.tap}
link set ${guest.tap} up
`;
    await ip(['-n', slot.namespace, '-batch', '-'], inSlot);
    const inGuest = `link set lo up
addr add ${guest.address}/${guest.prefix} dev eth0
link set eth0 up
route add default via ${guest.gateway}
`;
    await ip(['-n', namespace, '-batch', '-'], inGuest);
    return new StandInGuest(namespace);
  }

  /** Adds an address, as a guest's root could, to send from it. */
  async takeAddress(address: string): Promise<void> {
    await ip(['-n', this.#namespace, 'addr', 'add', `${address}/32`, 'dev', 'eth0']);
  }

  /** Runs JavaScript inside and returns what it printed. */
  async evaluate(script: string): Promise<string> {
    return await evaluateIn(this.#namespace, script);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ip(['netns', 'del', this.#namespace]);
  }
}

/** Runs JavaScript in a namespace by its name; what is already running there need not know. */
export async function evaluateIn(namespace: string, script: string): Promise<string> {
  const argv = ['nsenter', `--net=/run/netns/${namespace}`, process.execPath, '-e', script] as const;
  const { stdout } = await run(argv, bounds);
  return stdout.trim();
}

async function ip(args: readonly string[], input = ''): Promise<void> {
  await run(['ip', ...args], { ...bounds, input });
}
