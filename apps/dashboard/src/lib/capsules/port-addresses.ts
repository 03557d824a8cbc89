/** Where a port is: at a name of its own, and by path where that is served. */
export interface PortAddresses {
  readonly byName: string;
  readonly byPath: string | undefined;
}

/** `template` is the API's, with `{port}` in the name of the host. */
export function portAddresses(template: string, id: string, port: number): PortAddresses {
  const byName = template.replace('{port}', String(port));
  const url = new URL(byName);
  const label = `${port}-${id}.`;
  if (!url.hostname.startsWith(label)) return { byName, byPath: undefined };
  const host = url.hostname.slice(label.length);
  // Elsewhere the name is one of the capsules', and pages of several must not share it.
  const isServed = !host.includes('.') || /^\d+(\.\d+){3}$/.test(host);
  if (!isServed) return { byName, byPath: undefined };
  // A resolver need not know `localhost` with a name before it; this one every machine knows.
  const name = host === 'localhost' ? '127.0.0.1' : host;
  return {
    byName,
    byPath: `${url.protocol}//${name}${url.port === '' ? '' : `:${url.port}`}/proxy/${id}/${port}/`,
  };
}

/** The same link by path: what opens the port stands in the query. */
export function linkByPath(link: string, byPath: string | undefined): string | undefined {
  return byPath === undefined ? undefined : `${byPath}${new URL(link).search}`;
}

const common = [3000, 5173, 8000, 8080, 8888];

/** Ports that programs are often at, and that are not shown yet. */
export function commonPorts(shown: readonly number[]): readonly number[] {
  return common.filter((port) => !shown.includes(port));
}

/** From the address of the page: whole numbers that are ports, each once. */
export function portsOf(values: readonly string[]): readonly number[] {
  const ports = values.map(Number).filter((port) => Number.isInteger(port) && port >= 1 && port <= 65_535);
  return [...new Set(ports)].toSorted((left, right) => left - right).slice(0, 50);
}
