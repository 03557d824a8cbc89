import { isIPv4 } from 'node:net';
import { parseArgs } from 'node:util';
import { WrennError } from '@wrenn/core';

export interface Flags {
  readonly host: string;
  readonly port: number;
  /** `standalone`: on a developer's own machine, which stays as it is. */
  readonly mode: 'capsule' | 'standalone';
  /** Where the metadata service is; undefined where there is none. */
  readonly metadataUrl: string | undefined;
  /** The folder of the control groups that images/runtime/init makes. */
  readonly cgroupRoot: string;
  /** At which ports of loopback become reachable; undefined: as the mode has it. */
  readonly forwardPortsTo: string | undefined;
}

const defaultPort = 49983;
const defaultMetadataUrl = 'http://169.254.169.254';
const defaultCgroupRoot = '/sys/fs/cgroup/wrenn';

/** Throws `invalid_request` that names the flag. In a capsule all interfaces are listened on, alone only loopback. */
export function parseFlags(args: readonly string[]): Flags {
  const { values } = readFlags(args);
  const mode = values.standalone === true ? 'standalone' : 'capsule';
  const port = values.port === undefined ? defaultPort : Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new WrennError('invalid_request', `--port ${values.port} is not a port`, { field: 'port' });
  }
  if (!isIPv4(values['forward-ports-to'] ?? '0.0.0.0')) {
    throw new WrennError(
      'invalid_request',
      `--forward-ports-to ${values['forward-ports-to']} is not an address`,
      {
        field: 'forward-ports-to',
        remedy: 'give an IPv4 address of this machine',
      },
    );
  }
  const metadataUrl = values['metadata-url'] ?? (mode === 'standalone' ? 'off' : defaultMetadataUrl);
  if (metadataUrl !== 'off' && !/^http:\/\/[^/]+$/.test(metadataUrl)) {
    throw new WrennError('invalid_request', `--metadata-url ${metadataUrl} is neither http://HOST nor off`, {
      field: 'metadata-url',
    });
  }
  return {
    mode,
    port,
    host: values.host ?? (mode === 'standalone' ? '127.0.0.1' : '0.0.0.0'),
    metadataUrl: metadataUrl === 'off' ? undefined : metadataUrl,
    cgroupRoot: values['cgroup-root'] ?? defaultCgroupRoot,
    forwardPortsTo: values['forward-ports-to'],
  };
}

function readFlags(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        standalone: { type: 'boolean' },
        'cgroup-root': { type: 'string' },
        'forward-ports-to': { type: 'string' },
        'metadata-url': { type: 'string' },
      },
    });
  } catch (cause) {
    throw new WrennError('invalid_request', cause instanceof Error ? cause.message : 'bad flags', { cause });
  }
}
