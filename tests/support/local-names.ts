import dns from 'node:dns';

/**
 * Names below `localhost` are this machine for this process until it is disposed of, as browsers and RFC 6761 have it, and
 * not every machine's resolver.
 */
export function resolveLocalNames(): Disposable {
  const { lookup } = dns;
  const local = (name: string, ...rest: unknown[]) =>
    Reflect.apply(lookup, dns, [name.endsWith('.localhost') ? '127.0.0.1' : name, ...rest]);
  Object.assign(dns, { lookup: local });
  return { [Symbol.dispose]: () => void Object.assign(dns, { lookup }) };
}
