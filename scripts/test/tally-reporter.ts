import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { TestError } from 'vitest';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import type { Tally } from './tally.ts';

/** The variable that says where the tally is written. */
export const tallyFileVariable = 'WRENN_TEST_TALLY';

/** A vitest reporter: writes what came of each test, with the reasons of skips, to a file. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly TestError[]): void {
    const file = process.env[tallyFileVariable];
    if (file === undefined) throw new Error(`${tallyFileVariable} is not set`);
    writeFileSync(file, JSON.stringify(tallyOf(modules, unhandled)));
  }
}

function tallyOf(modules: readonly TestModule[], unhandled: readonly TestError[]): Tally {
  let passed = 0;
  const failed: { name: string; why: string }[] = [];
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
      else if (result.state === 'failed')
        failed.push({ name: nameOf(file, test), why: whyOf(result.errors) });
      else skipped.push({ name: nameOf(file, test), reason: reasonOf(result, module) });
    }
    // A file that could not be read, or whose set-up failed, has no failed test to show for it.
    if (module.state() === 'failed' && failed.length === before)
      failed.push({ name: file, why: whyOf(module.errors()) });
  }
  for (const fault of unhandled) failed.push({ name: 'an error outside of every test', why: whyOf([fault]) });
  return { passed, failed, skipped, files };
}

function nameOf(file: string, test: TestCase): string {
  return `${file} > ${test.fullName}`;
}

function reasonOf(result: ReturnType<TestCase['result']>, module: TestModule): string {
  if (result.state === 'skipped' && result.note !== undefined) return result.note;
  return module.state() === 'failed' ? 'the set-up of its file failed' : 'no reason is given';
}

/** What was said, what differs, and where: the first place that is ours. */
function whyOf(errors: readonly TestError[] = []): string {
  const parts = errors.flatMap(({ message, diff, stacks }) => {
    const own = stacks?.find(({ file }) => !file.includes('node_modules'));
    const place = own === undefined ? undefined : `at ${relative(process.cwd(), own.file)}:${own.line}`;
    return [message, diff, place].filter((part) => part !== undefined);
  });
  return stripVTControlCharacters(parts.join('\n'));
}
