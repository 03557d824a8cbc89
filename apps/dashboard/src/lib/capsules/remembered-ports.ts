import { portsOf } from './port-addresses.ts';

const name = 'wrenn.ports';
/** Capsules whose ports a browser keeps: those that were looked at last. */
const most = 50;

/** The ports of a capsule that were looked at before in this browser. */
export function rememberedPorts(id: string): readonly number[] {
  return portsOf((stored().find(([of]) => of === id)?.[1] ?? []).map(String));
}

export function rememberPorts(id: string, ports: readonly number[]): void {
  const others = stored().filter(([of]) => of !== id);
  const all = ports.length === 0 ? others : [[id, ports] as const, ...others].slice(0, most);
  localStorage.setItem(name, JSON.stringify(all));
}

function stored(): readonly (readonly [string, readonly unknown[]])[] {
  let value: unknown;
  try {
    value = JSON.parse(localStorage.getItem(name) ?? '[]');
  } catch (thrown) {
    // Written by something else: as good as nothing.
    if (thrown instanceof SyntaxError) return [];
    throw thrown;
  }
  return Array.isArray(value) ? value.filter(isEntry) : [];
}

function isEntry(value: unknown): value is [string, unknown[]] {
  return Array.isArray(value) && typeof value[0] === 'string' && Array.isArray(value[1]);
}
