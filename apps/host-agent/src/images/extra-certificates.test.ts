import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificatePlaces, extraCertificates, pemBlocks } from './extra-certificates.ts';

const [first = '', second = '', third = ''] = rootCertificates;
const normal = (pem: string) => pemBlocks(pem).join('');

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-certificates-'));
  await mkdir(join(directory, 'local'));
});
afterEach(() => rm(directory, { recursive: true }));

const places = (...bundles: string[]) => ({
  localDirectory: join(directory, 'local'),
  systemBundle: join(directory, 'system.crt'),
  bundles: bundles.map((name) => join(directory, name)),
});

describe('extraCertificates', () => {
  it('finds none where there is neither a local certificate nor a bundle', async () => {
    expect(
      await extraCertificates({ ...places('absent'), localDirectory: join(directory, 'absent') }),
    ).toEqual([]);
  });

  it('takes what an administrator put into the local directory', async () => {
    await writeFile(join(directory, 'local/a.crt'), first);
    await writeFile(join(directory, 'local/readme.txt'), second);
    expect(await extraCertificates(places())).toEqual([normal(first)]);
  });

  it("takes from a bundle only what the system's own does not have", async () => {
    await writeFile(join(directory, 'system.crt'), `${first}\n${second}`);
    await writeFile(join(directory, 'extra.pem'), [second, third].join('\r\n').replaceAll('\n', '\r\n'));
    expect(await extraCertificates(places('extra.pem'))).toEqual([normal(third)]);
  });

  it("does not read a bundle that is the system's own by another name", async () => {
    await writeFile(join(directory, 'system.crt'), first);
    await symlink(join(directory, 'system.crt'), join(directory, 'link.pem'));
    expect(await extraCertificates(places('link.pem'))).toEqual([]);
  });

  it('gives each once, whatever the order of the files', async () => {
    await writeFile(join(directory, 'local/b.crt'), `${second}\n${first}`);
    await writeFile(join(directory, 'local/a.crt'), first);
    expect(await extraCertificates(places())).toEqual([normal(first), normal(second)].sort());
  });

  it('leaves out what is no certificate', async () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    await writeFile(join(directory, 'local/broken.crt'), broken);
    expect(await extraCertificates(places())).toEqual([]);
  });
});

it('looks at the bundles that the environment names', () => {
  const { bundles } = certificatePlaces({ NODE_EXTRA_CA_CERTS: '/a.pem', SSL_CERT_FILE: '' });
  expect(bundles).toEqual(['/a.pem']);
});
