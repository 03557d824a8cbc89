import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parseResolvConf, ResolvConf } from './resolv-conf.ts';

describe('parseResolvConf', () => {
  it('takes the first three name servers, of both families', () => {
    const text = `# made by hand
search example.org
nameserver 10.0.0.53
 nameserver\t2001:db8::53
nameserver fe80::1%eth0 # on the link
nameserver 192.0.2.1
options edns0
`;
    expect(parseResolvConf(text)).toEqual(['10.0.0.53', '2001:db8::53', 'fe80::1%eth0']);
  });

  it('leaves out what is no address', () => {
    expect(parseResolvConf('nameserver dns.example.org\n;nameserver 10.0.0.1\nnameserver\n')).toEqual([]);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseResolvConf(text)));
  });
});

describe('ResolvConf', () => {
  it('reads the file again when it has changed', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wrenn-resolv-'));
    const path = join(directory, 'resolv.conf');
    try {
      await writeFile(path, 'nameserver 192.0.2.1\n');
      const file = new ResolvConf(path);
      expect(await file.servers()).toEqual(['192.0.2.1']);
      await writeFile(path, 'nameserver 192.0.2.1\nnameserver 192.0.2.2\n');
      await vi.waitFor(async () => expect(await file.servers()).toEqual(['192.0.2.1', '192.0.2.2']), 20_000);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
