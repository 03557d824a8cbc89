import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { compareVersions, parseVersion } from './builds.ts';

describe('parseVersion', () => {
  it('reads what Firecracker and its jailer print first', () => {
    expect(
      parseVersion('Firecracker', 'Firecracker v1.16.2\n\nSupported snapshot data format versions: 9.0.0\n'),
    ).toEqual({
      major: 1,
      minor: 16,
      patch: 2,
    });
    expect(parseVersion('Jailer', 'Jailer v1.17.0\n')).toEqual({ major: 1, minor: 17, patch: 0 });
  });

  it.each([
    '',
    'v1.16.2',
    'Firecracker v1.16',
    'Firecracker v1.16.2-dev',
    'QEMU 7.2.0',
    '\nFirecracker v1.16.2',
  ])('takes %j for no version', (printed) => {
    expect(parseVersion('Firecracker', printed)).toBeUndefined();
  });

  test.prop([fc.string({ maxLength: 300 })])(
    'takes nothing for a version that does not begin as one',
    (printed) => {
      const version = parseVersion('Firecracker', printed);
      if (version !== undefined) expect(printed).toMatch(/^Firecracker v\d+\.\d+\.\d+(\n|$)/);
    },
  );
});

it('versions are compared as numbers', () => {
  const texts = ['1.16.10', '1.9.0', '2.0.0', '1.16.2'];
  const versions = texts.flatMap((text) => parseVersion('Firecracker', `Firecracker v${text}`) ?? []);
  expect(
    versions.toSorted(compareVersions).map(({ major, minor, patch }) => `${major}.${minor}.${patch}`),
  ).toEqual(['1.9.0', '1.16.2', '1.16.10', '2.0.0']);
});
