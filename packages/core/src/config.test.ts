import { describe, expect, it } from 'vitest';
import { parseConfig, setting, settingType } from './config.ts';

const settings = {
  port: setting('WRENN_PORT', settingType.port, '8080', 'The port.'),
  database: setting('DATABASE_URL', settingType.text, 'required', 'The database.'),
};

describe('parseConfig', () => {
  it('takes what is set and the default for the rest', () => {
    expect(parseConfig(settings, { DATABASE_URL: 'postgres://x', WRENN_PORT: '' })).toEqual({
      port: 8080,
      database: 'postgres://x',
    });
  });

  it('takes off, in the place of an address, for undefined', () => {
    const metrics = {
      address: setting('WRENN_X', settingType.listenAddressOrOff, '127.0.0.1:9471', 'Metrics.'),
    };
    expect(parseConfig(metrics, {})).toEqual({ address: { host: '127.0.0.1', port: 9471 } });
    expect(parseConfig(metrics, { WRENN_X: 'off' })).toEqual({ address: undefined });
    expect(() => parseConfig(metrics, { WRENN_X: '9471' })).toThrow(
      /WRENN_X: must be an address and a port.*off/,
    );
  });

  it('names every variable at fault at once', () => {
    expect(() => parseConfig(settings, { WRENN_PORT: 'http' })).toThrow(/WRENN_PORT.*DATABASE_URL/);
  });
});
