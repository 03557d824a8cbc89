import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import type { Tally } from './tally.ts';

/** The variable that says where the tally is written. */
export const tallyFileVariable = 'WRENN_TEST_TALLY';

/** A vitest reporter: writes what came of each test, with the reasons of skips, to a file. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const file = process.env[tallyFileVariable];
    if (file === undefined) throw new Error(`${tallyFileVariable} is not set`);
    writeFileSync(file, JSON.stringify(tallyOf(modules, unhandled)));
  }
}

function tallyOf(modules: readonly TestModule[], unhandled: readonly unknown[]): Tally {
  let passed = 0;
  const failed: string[] = [];
  const skipped: { name: string; reason: string }[] = [];
  const files: { name: string; ms: number }[] = [];
  for (const module of modules) {
    const file = relative(process.cwd(), module.moduleId);
    const { duration, collectDuration, setupDuration } = module.diagnostic();
    files.push({ name: file, ms: duration + collectDuration + setupDuration });
    const before = failed.length;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === 'passed') passed++;
      else if (result.state === 'failed') failed.push(nameOf(file, test));
      else skipped.push({ name: nameOf(file, test), reason: reasonOf(result, module) });
    }
    // A file that could not be read, or whose set-up failed, has no failed test to show for it.
    if (module.state() === 'failed' && failed.length === before) failed.push(file);
  }
  for (const _fault of unhandled) failed.push('an error outside of every test');
  return { passed, failed, skipped, files };
}

function nameOf(file: string, test: TestCase): string {
  return `${file} > ${test.fullName}`;
}

function reasonOf(result: ReturnType<TestCase['result']>, module: TestModule): string {
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  return module.state() === 'failed' ? 'the set-up of its file failed' : 'no reason is given';
}
