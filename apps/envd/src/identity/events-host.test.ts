import { expect, test } from 'vitest';
import { hostsWithEvents } from './events-host.ts';

test('adds the name of the events and leaves every other line alone', () => {
  expect(hostsWithEvents('192.0.2.1', '127.0.0.1 localhost\n# mine\n')).toBe(
    '127.0.0.1 localhost\n# mine\n192.0.2.1 events.wrenn.local\n',
  );
});

test('replaces an earlier address, and does nothing the second time', () => {
  const once = hostsWithEvents('2001:db8::1', '192.0.2.1\tevents.wrenn.local\n127.0.0.1 localhost');
  expect(once).toBe('127.0.0.1 localhost\n2001:db8::1 events.wrenn.local\n');
  expect(hostsWithEvents('2001:db8::1', once)).toBe(once);
});
