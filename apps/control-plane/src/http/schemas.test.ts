import { fc, test as property } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { emailAddress, personName } from './schemas.ts';

test.each([
  ['Ada@Example.COM', 'ada@example.com'],
  ['  a.b+c@sub.example.org ', 'a.b+c@sub.example.org'],
  ['admin@localhost', 'admin@localhost'],
  [`${'a'.repeat(64)}@example.org`, `${'a'.repeat(64)}@example.org`],
])('%j is an address, and is kept as %j', (given, kept) => {
  expect(emailAddress.parse(given)).toBe(kept);
});

test.each([
  '',
  '@',
  'a@',
  '@b',
  'a b@example.org',
  'a@b@example.org',
  'a..b@example.org',
  '.a@example.org',
  'a@-example.org',
  'a@example..org',
  '"a b"@example.org',
  'a@[127.0.0.1]',
  'a@example.org\r\nBcc: b@example.org',
  'a\0@example.org',
  '<script>@example.org',
  `${'a'.repeat(65)}@example.org`,
  `a@${'b'.repeat(300)}.org`,
  // The Kelvin sign is a k in lower case.
  '\u212Ay@example.org',
])('%j is no address', (text) => {
  expect(emailAddress.safeParse(text).success).toBe(false);
});

test.each(['Ada', 'Ada Lovelace', 'Ἀδάμ', '李', '<b>Ada</b>', "'; drop table users; --", 'x'.repeat(100)])(
  '%j is a name, and is kept as it is',
  (name) => {
    expect(personName.parse(name)).toBe(name);
  },
);

test.each(['', '   ', 'x'.repeat(101), 'a\0b', 'a\nb', 'a\u001bb', 'a\u202eb', 'a\u2066b', 'a\ud800b'])(
  '%j is no name',
  (name) => {
    expect(personName.safeParse(name).success).toBe(false);
  },
);

property.prop([fc.string({ unit: 'binary', maxLength: 300 })])(
  'what is accepted as an address is ASCII in lower case without blanks',
  (text) => {
    const parsed = emailAddress.safeParse(text);
    if (parsed.success) expect(parsed.data).toMatch(/^[!-~]+@[a-z0-9.-]+$/);
  },
);
