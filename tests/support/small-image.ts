import { readFile } from 'node:fs/promises';
import { imageOf, type LayerEntry, type TestImage } from '@wrenn/testkit/registry';

const applets = [
  'sh',
  'cat',
  'echo',
  'id',
  'ls',
  'mkdir',
  'pwd',
  'printenv',
  'sleep',
  'stat',
  'touch',
  'env',
  'true',
  'httpd',
];

/** What a small image has of this machine: one static busybox, and no C library. */
export async function smallImage(
  options: { readonly more?: readonly (readonly LayerEntry[])[]; readonly config?: object } = {},
): Promise<TestImage> {
  const base: LayerEntry[] = [
    ...['bin', 'etc', 'home', 'home/app', 'var'].map(
      (path) => ({ kind: 'directory', path, mode: 0o755 }) as const,
    ),
    { kind: 'file', path: 'bin/busybox', mode: 0o755, content: await readFile('/bin/busybox') },
    ...applets.map((name) => ({ kind: 'symlink', path: `bin/${name}`, target: 'busybox' }) as const),
    {
      kind: 'file',
      path: 'etc/passwd',
      content: 'root:x:0:0:root:/root:/bin/sh\napp:x:1234:1234::/home/app:/bin/sh\n',
    },
    { kind: 'file', path: 'etc/group', content: 'root:x:0:\napp:x:1234:\n' },
    { kind: 'file', path: 'etc/os-release', content: 'ID=small\n' },
    { kind: 'file', path: 'var/gone', content: 'of the lower layer' },
    { kind: 'file', path: 'home/app/own', content: 'mine', uid: 1234, gid: 1234, mode: 0o640 },
  ];
  const config = {
    Env: ['PATH=/bin', 'FROM_IMAGE=yes'],
    User: 'app',
    WorkingDir: '/home/app',
    ...options.config,
  };
  return await imageOf({ layers: [base, ...(options.more ?? [])], config });
}
