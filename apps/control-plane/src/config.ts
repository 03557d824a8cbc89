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
  directory: setting(
    'WRENN_DIR',
    settingType.text,
    '/var/lib/wrenn',
    'Where keys and certificates are kept.',
  ),
  logLevel: setting('LOG_LEVEL', settingType.logLevel, 'info', 'debug, info, warn, error or silent.'),
};

export type ControlPlaneConfig = Config<typeof settings>;
