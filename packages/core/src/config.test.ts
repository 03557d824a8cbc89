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

  it('names every variable at fault at once', () => {
    expect(() => parseConfig(settings, { WRENN_PORT: 'http' })).toThrow(/WRENN_PORT.*DATABASE_URL/);
  });
});
