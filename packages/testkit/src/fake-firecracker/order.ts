/** Whether a machine was started, and by that which calls Firecracker takes. */
export type Phase = 'fresh' | 'configured' | 'running' | 'paused';

type When = 'before' | 'after' | 'always';

/**
 * From Firecracker's request handling (src/vmm/src/rpc_interface.rs): which calls it takes before and after the start.
 * A call of the description that is not here has no counterpart in the fake.
 */
const allowed: Readonly<Record<string, When>> = {
  'GET /': 'always',
  'GET /version': 'always',
  'GET /vm/config': 'always',
  'GET /machine-config': 'always',
  'GET /mmds': 'always',
  'PUT /mmds': 'always',
  'GET /balloon': 'always',
  'PUT /logger': 'before',
  'PUT /metrics': 'before',
  'PUT /serial': 'before',
  'PUT /boot-source': 'before',
  'PUT /drives/{drive_id}': 'before',
  'PUT /network-interfaces/{iface_id}': 'before',
  'PUT /machine-config': 'before',
  'PUT /mmds/config': 'before',
  'PUT /balloon': 'before',
  'PUT /entropy': 'before',
  'PUT /snapshot/load': 'before',
  'PATCH /drives/{drive_id}': 'after',
  'PATCH /network-interfaces/{iface_id}': 'after',
  'PATCH /balloon': 'after',
  'PATCH /vm': 'after',
  'PUT /snapshot/create': 'after',
};

/** What is told of where to log, and nothing else, leaves a process one that a snapshot may be loaded into. */
const leavesFresh = new Set(['PUT /logger', 'PUT /metrics', 'PUT /serial']);

/** Why a call is refused in this phase, or undefined. Actions are checked by what they ask for. */
export function orderFault(name: string, phase: Phase): string | undefined {
  if (name === 'PUT /actions') return undefined;
  const when = allowed[name];
  if (when === undefined) return `The fake Firecracker has nothing for ${name}.`;
  const isStarted = phase === 'running' || phase === 'paused';
  if (when === 'before' && isStarted) return notAfter;
  if (when === 'after' && !isStarted) return notBefore;
  if (name === 'PUT /snapshot/load' && phase === 'configured') {
    return 'Load snapshot error: not allowed once the microVM was configured.';
  }
  return undefined;
}

/** Whether such a call, when it comes before the start, means that the machine is to be booted. */
export function configures(name: string): boolean {
  return allowed[name] === 'before' && !leavesFresh.has(name);
}

export const notAfter = 'The operation is not supported after starting the microVM.';
export const notBefore = 'The operation is not supported before starting the microVM.';
