import { describe, expect, it } from 'vitest';
import { ok, warn } from './check.ts';
import { formatDiagnosis } from './command.ts';
import { judgeVulnerabilities, kernelSettings } from './kernel-checks.ts';
import { checks } from './run-doctor.ts';

function judge(id: string, text: string | undefined): string | undefined {
  return kernelSettings.find((setting) => setting.id === id)?.judge(text).status;
}

describe('the checks', () => {
  it('have an ID each, which scripts can match on', () => {
    const ids = checks.map((check) => check.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][a-z-]*$/);
  });

  it.each([
    ['swap', 'Filename\tType\tSize\tUsed\tPriority', 'ok'],
    ['swap', 'Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition 1 0 -2', 'warn'],
    ['ksm', '0', 'ok'],
    ['ksm', '1', 'warn'],
    ['ksm', undefined, 'ok'],
    ['nested-virtualisation', 'Y', 'warn'],
    ['nested-virtualisation', '1', 'warn'],
    ['nested-virtualisation', 'N', 'ok'],
    ['nested-virtualisation', undefined, 'ok'],
    ['smt', '1', 'warn'],
    ['smt', '0', 'ok'],
    ['ip-forward', '0', 'warn'],
    ['ip-forward', '1', 'ok'],
  ])('judge %s from %j as %s', (id, text, status) => {
    expect(judge(id, text)).toBe(status);
  });
});

describe('judgeVulnerabilities', () => {
  it('names what the kernel does not deal with', () => {
    const found = new Map([
      ['meltdown', 'Not affected'],
      ['spectre_v1', 'Mitigation: usercopy barriers'],
      ['mds', 'Vulnerable: Clear CPU buffers attempted, no microcode'],
    ]);
    expect(judgeVulnerabilities(found)).toMatchObject({
      status: 'warn',
      detail: expect.stringMatching(/ mds$/),
    });
  });

  it('is content where the kernel tells of none', () => {
    expect(judgeVulnerabilities(new Map()).status).toBe('ok');
  });
});

describe('formatDiagnosis', () => {
  it('shows a remedy below the finding that has one', () => {
    const text = formatDiagnosis({
      checks: [
        { id: 'swap', ...warn('swap is on', 'swapoff -a') },
        { id: 'ip-forward', ...ok('IPv4 is forwarded') },
      ],
    });
    expect(text).toBe(
      [
        'warn  swap        swap is on',
        '                  -> swapoff -a',
        'ok    ip-forward  IPv4 is forwarded',
      ].join('\n'),
    );
  });
});
