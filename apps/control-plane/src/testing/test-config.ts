import { parseConfig } from '@wrenn/core';
import { type ControlPlaneConfig, settings } from '../config.ts';

/** Settings for tests: on a free port, silent, with `variables` of the environment beside. */
export function testConfig(
  place: { readonly databaseUrl: string; readonly directory: string },
  variables: Readonly<Record<string, string>> = {},
): ControlPlaneConfig {
  const config = parseConfig(settings, {
    LOG_LEVEL: 'silent',
    WRENN_CP_METRICS_ADDR: 'off',
    WRENN_SESSIONS_METRICS_ADDR: 'off',
    DATABASE_URL: place.databaseUrl,
    WRENN_DIR: place.directory,
    ...variables,
  });
  // A setting has a port of its own; a test takes any that is free.
  return { ...config, listenAddress: { host: '127.0.0.1', port: 0 } };
}
