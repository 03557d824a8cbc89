import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { runCommand } from '../testing/run-command.ts';

let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd();
});
afterAll(() => envd[Symbol.asyncDispose]());

const range = (length: number) => Array.from({ length }, (_, index) => index);

test('two hundred processes at once lose no end and no byte', async () => {
  const script = (index: number) => `i=0; while [ $i -lt 500 ]; do echo ${index} $i; i=$((i+1)); done`;
  const results = await Promise.all(
    range(200).map((index) =>
      runCommand(envd.processes, 'sh', ['-c', `${script(index)}; exit ${index % 100}`]),
    ),
  );
  for (const [index, { stdout, end }] of results.entries()) {
    expect(stdout.toString()).toBe(
      range(500)
        .map((line) => `${index} ${line}\n`)
        .join(''),
    );
    expect(end.exitCode).toBe(index % 100);
  }
});

test('five hundred short processes, fifty at a time, lose no end', async () => {
  const ends = { right: 0, wrong: 0 };
  const worker = async (share: number) => {
    for (let count = 0; count < share; count++) {
      const isTrue = count % 2 === 0;
      const { end } = await runCommand(envd.processes, isTrue ? '/bin/true' : '/bin/false');
      ends[end.exitCode === (isTrue ? 0 : 1) ? 'right' : 'wrong'] += 1;
    }
  };
  await Promise.all(range(50).map(() => worker(10)));
  expect(ends).toStrictEqual({ right: 500, wrong: 0 });
  expect((await envd.processes.list({})).processes).toStrictEqual([]);
});
