import { describe, expect, it } from 'vitest';
import { isInstalled, lockHash } from './lock-state.mjs';

const locked = {
  packages: {
    '': { name: 'root' },
    'apps/cli': { version: '0.1.0', bin: { wrenn: 'bin/wrenn.mjs' } },
    'node_modules/a': { version: '1.0.0', resolved: 'https://registry.example/a.tgz', integrity: 'sha512-a' },
    'node_modules/b-other-platform': { version: '1.0.0', integrity: 'sha512-b', optional: true },
    'node_modules/wrenn': { resolved: 'apps/cli', link: true },
  },
};

/** What npm would record after a whole installation on this platform. */
function installed(change: Record<string, unknown> = {}) {
  const { '': _root, 'node_modules/b-other-platform': _other, ...packages } = locked.packages;
  return { packages: { ...packages, ...change } };
}

describe('the stamp', () => {
  it('changes with the lock file', () => {
    expect(lockHash('a', 'x64')).not.toBe(lockHash('b', 'x64'));
  });

  it('changes with the processor, since platform packages do', () => {
    expect(lockHash('a', 'x64')).not.toBe(lockHash('a', 'arm64'));
  });

  it('is the same for the same bytes', () => {
    expect(lockHash(Buffer.from('a'), 'x64')).toBe(lockHash('a', 'x64'));
  });
});

describe('what npm recorded', () => {
  it('is accepted when only packages of other platforms are absent', () => {
    expect(isInstalled(locked, installed())).toBe(true);
  });

  it('is refused when a package is missing', () => {
    const { 'node_modules/a': _gone, ...packages } = installed().packages;
    expect(isInstalled(locked, { packages })).toBe(false);
  });

  it('is refused when a package has another version', () => {
    expect(isInstalled(locked, installed({ 'node_modules/a': { version: '1.0.1' } }))).toBe(false);
  });

  it('is refused when a package came from elsewhere with other bytes', () => {
    const other = { ...locked.packages['node_modules/a'], integrity: 'sha512-z' };
    expect(isInstalled(locked, installed({ 'node_modules/a': other }))).toBe(false);
  });

  it('is refused when a command is not linked yet', () => {
    expect(isInstalled(locked, installed({ 'apps/cli': { version: '0.1.0' } }))).toBe(false);
  });

  it('is refused when there is a package that nobody asked for', () => {
    expect(isInstalled(locked, installed({ 'node_modules/extra': { version: '1.0.0' } }))).toBe(false);
  });

  it.each([undefined, null, 'text', {}, { packages: null }])('is refused when it is %j', (record) => {
    expect(isInstalled(locked, record)).toBe(false);
  });
});
