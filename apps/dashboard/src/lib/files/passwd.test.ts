import { describe, expect, it } from 'vitest';
import { usersIn } from './passwd.ts';

describe('users to act as', () => {
  it('are those with a shell', () => {
    const passwd = [
      'root:x:0:0:root:/root:/bin/bash',
      'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
      'sync:x:4:65534:sync:/bin:/bin/sync',
      'user:x:1000:1000::/home/user:/bin/sh',
      'half:x',
      '',
    ].join('\n');
    expect(usersIn(passwd)).toEqual(['root', 'user']);
  });
});
