import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { commandEnvironment } from '../support/client.ts';
import { wrenn } from '../support/command.ts';
import { machineState } from '../support/machine-state.ts';
import { cliEntry } from '../support/wrenn-installation.ts';

const env = commandEnvironment();
const directory = join(String(env['WRENN_DIR']), 'selftest');
/** In the names of all that the self-test has: its four slots. */
const own = /(?:[-_]|veth)3276[4-7]\b/;

/** A self-test that has come as far as the boot of its machine. */
async function booting() {
  const child = spawn(process.execPath, [cliEntry, 'agent', 'selftest', '--json'], { env });
  const ended = once(child, 'close');
  let said = '';
  for await (const text of child.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += text;
    if (said.includes('booting')) break;
  }
  child.stderr.resume();
  return { child, ended };
}

async function traces(): Promise<string[]> {
  const { namespaces, links, nftTables, cgroups } = await machineState();
  return [...namespaces, ...links, ...nftTables, ...cgroups].filter((name) => own.test(name));
}

describe('wrenn agent selftest', () => {
  afterEach(async () => {
    expect(await traces()).toEqual([]);
    await expect(access(directory)).rejects.toThrow('ENOENT');
  });

  it('cleans up when it is interrupted', async () => {
    const { child, ended } = await booting();
    expect(await traces()).not.toEqual([]);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
  });

  it('says hello beside a Wrenn that runs, and by what, and removes what one that was killed left', async () => {
    const { child, ended } = await booting();
    const agent = Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
    process.kill(agent, 'SIGKILL');
    expect(await ended).toEqual([1, null]);
    expect(await traces()).not.toEqual([]);

    const { code, stdout, stderr } = await wrenn(['agent', 'selftest', '--json'], { env });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const found = JSON.parse(stdout.toString());
    expect(found).toMatchObject({ output: 'hello', engine: expect.stringMatching(/^(qemu|firecracker)$/) });
    expect(found.isolation).toMatch(/^(kvm|emulated)$/);
    const steps = found.steps.map(({ name }: { name: string }) => name);
    expect(steps).toEqual(expect.arrayContaining(['capsule', 'echo hello', 'destroy', 'nothing is left']));
  });
});
