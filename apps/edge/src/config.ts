import { type Config, setting, settingType } from '@wrenn/core';

export const settings = {
  listenAddress: setting(
    'WRENN_EDGE_LISTEN_ADDR',
    settingType.listenAddress,
    '127.0.0.1:8081',
    'Address and port for traffic to capsules.',
  ),
  logLevel: setting('LOG_LEVEL', settingType.logLevel, 'info', 'debug, info, warn, error or silent.'),
};
export type EdgeConfig = Config<typeof settings>;
