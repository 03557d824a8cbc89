import { type Config, setting, settingType } from '@wrenn/core';

export const settings = {
  databaseUrl: setting(
    'DATABASE_URL',
    settingType.text,
    'required',
    'PostgreSQL 15 or newer. `npm start` sets it to the embedded server.',
  ),
  listenAddress: setting(
    'WRENN_CP_LISTEN_ADDR',
    settingType.listenAddress,
    '127.0.0.1:8080',
    'Address and port of the API.',
  ),
  edgeUrl: setting(
    'WRENN_EDGE_URL',
    settingType.baseUrl.refine(({ hostname }) => isName(hostname), 'must have a name, not an IP address'),
    'http://localhost:8081',
    'Where the edge is seen from outside: the ports of capsules are at names below its own.',
  ),
  directory: setting(
    'WRENN_DIR',
    settingType.text,
    '/var/lib/wrenn',
    'Where keys and certificates are kept.',
  ),
  logLevel: setting('LOG_LEVEL', settingType.logLevel, 'info', 'debug, info, warn, error or silent.'),
};

/** `8000-cl-….127.0.0.1` is no name that anybody could look up. */
function isName(hostname: string): boolean {
  return !hostname.startsWith('[') && !/^[\d.]+$/.test(hostname);
}

export type ControlPlaneConfig = Config<typeof settings>;
