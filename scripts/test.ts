// `npm test`: sets this machine up, then runs the checks and all tests. Exit code 1 when anything fails.
//
//   npm test -- [--project host|unit|integration|database|browser|e2e|alone|faults|slow]... [PATH...]
//
// With a project or a path only those tests run, without the checks. `slow` runs only when it is named.
import { parseArgs } from 'node:util';
import { describeError, WrennError } from '@wrenn/core';
import { runChecks } from './check/run-checks.ts';
import { compareInventories, takeInventory } from './test/leftovers.ts';
import { type Project, projects, runProject, schedule, title } from './test/run-project.ts';
import { setUp } from './test/set-up.ts';
import { noTests, oneFailed, sumOf, type Tally, tallyLines } from './test/tally.ts';

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => stopping.abort(new WrennError('cancelled', 'interrupted')));
}
process.exitCode = await main(process.argv.slice(2));

async function main(given: readonly string[]): Promise<number> {
  const wanted = parse(given);
  if (wanted === undefined) return 2;
  const { chosen, paths, isWhole } = wanted;
  const began = performance.now();

  const tallies: Tally[] = [];
  const needsMachine = chosen.some(({ name }) => name !== 'unit');
  if (needsMachine) tallies.push(await setUpMachine());
  if (isWhole) tallies.push(await check());
  const before = needsMachine ? await takeInventory() : undefined;
  for (const row of schedule) {
    const lanes = row.map((lane) => chosen.filter(({ name }) => lane.includes(name)));
    const runs = lanes.filter((lane) => lane.length > 0).map((lane, index) => runLane(lane, paths, index));
    tallies.push(...(await Promise.all(runs)).flat());
  }
  if (before !== undefined) {
    const { tally, lines } = compareInventories(before, await takeInventory());
    tallies.push(tally);
    if (lines.length > 0) console.log(`\nLeft behind:\n${lines.map((line) => `  ${line}`).join('\n')}`);
  }
  if (stopping.signal.aborted) tallies.push(oneFailed('interrupted'));

  const sum = sumOf(tallies);
  console.log(`\nAll took ${minutesSince(began)} min.`);
  console.log(tallyLines(sum).join('\n'));
  return sum.failed.length === 0 ? 0 : 1;
}

/** One project after the other. Only the first of the lanes that run side by side prints as it goes. */
async function runLane(
  lane: readonly Project[],
  paths: readonly string[],
  index: number,
): Promise<readonly Tally[]> {
  const tallies: Tally[] = [];
  for (const project of lane) {
    if (stopping.signal.aborted) break;
    const began = performance.now();
    tallies.push(await runProject(project, paths, index === 0 ? 'as it comes' : 'at the end'));
    console.log(`\n${project.name} took ${minutesSince(began)} min.`);
  }
  return tallies;
}

function parse(
  given: readonly string[],
): { chosen: Project[]; paths: string[]; isWhole: boolean } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...given],
      allowPositionals: true,
      options: { project: { type: 'string', multiple: true, default: [] } },
    });
    const unknown = values.project.find((name) => !projects.some((project) => project.name === name));
    if (unknown !== undefined) throw new TypeError(`there is no project ${unknown}`);
    const isAll = values.project.length === 0;
    const chosen = projects.filter(({ name, when }) =>
      isAll ? when === 'always' : values.project.includes(name),
    );
    return { chosen, paths: positionals, isWhole: isAll && positionals.length === 0 };
  } catch (thrown) {
    console.error(
      `${describeError(thrown)}\nusage: npm test -- [--project host|unit|integration|database|browser|e2e|alone|faults|slow]... [PATH...]`,
    );
    return undefined;
  }
}

/** Counts as a failed test when it fails, and as none otherwise. */
async function setUpMachine(): Promise<Tally> {
  title('set-up');
  try {
    await setUp(stopping.signal);
    return noTests;
  } catch (thrown) {
    const remedy = thrown instanceof WrennError && thrown.remedy !== undefined ? `; ${thrown.remedy}` : '';
    console.error(`set-up: ${describeError(thrown)}${remedy}`);
    return oneFailed('set-up', describeError(thrown));
  }
}

async function check(): Promise<Tally> {
  if (stopping.signal.aborted) return noTests;
  title('check');
  const { passed, failed } = await runChecks();
  return { ...noTests, passed, failed: failed.map(({ name, why }) => ({ name: `check: ${name}`, why })) };
}

function minutesSince(began: number): string {
  return ((performance.now() - began) / 60_000).toFixed(1);
}
