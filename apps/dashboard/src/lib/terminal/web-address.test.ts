import { describe, expect, it } from 'vitest';
import { webAddress } from './web-address.ts';

describe('a link of a terminal', () => {
  it.each(['http://example.org/a?b#c', 'https://[::1]:8080/'])('opens %s', (text) => {
    expect(webAddress(text)?.href).toBe(text);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'about:blank', 'no address', ''])(
    'does not open %s',
    (text) => {
      expect(webAddress(text)).toBeUndefined();
    },
  );
});
