interface FakeStep {
  readonly name: string;
  readonly durationMs: number;
}

const start = { network: 2, disk: 4, restore: 45, init: 9 };
const capture = { prepare: 5, stop: 1, devices: 3, memory: 60 };

/** What a real host's time goes to, by the same names. */
const times = {
  create: { template: 1, ...start },
  resume: { check: 8, ...start },
  pause: { drain: 2, ...capture, disk: 6, durable: 20, release: 12 },
  snapshot: { ...capture, disk: 6, 'go on': 2, durable: 20 },
  fork: { ...capture, disk: 6, 'go on': 2, durable: 20, children: 80 },
} as const;

export function fakeSteps(operation: keyof typeof times): FakeStep[] {
  return Object.entries(times[operation]).map(([name, durationMs]) => ({ name, durationMs }));
}

/** What a guest answers that was made the capsule. */
export function fakeReceipt(capsule: string, does: 'begins' | 'goes on'): string {
  return JSON.stringify({
    version: '0',
    clock: { steppedByMs: does === 'begins' ? 312.5 : 4081.25 },
    entropy: { reseeded: true },
    identity: {
      hostname: capsule,
      machineId: 'f'.repeat(32),
      sshHostKeys: does === 'begins' ? 'none' : 'kept',
    },
    trust: { installed: false },
    connections: { closed: does === 'begins' ? 0 : 2 },
  });
}
