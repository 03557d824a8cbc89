import { expect, it } from 'vitest';
import { projects, schedule } from './run-project.ts';

it('each project has one place in the schedule', () => {
  expect(schedule.flat(2).toSorted()).toEqual(projects.map(({ name }) => name).toSorted());
});
