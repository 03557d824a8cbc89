import { expect, test } from 'vitest';
import { unlessSilent } from './unless-silent.ts';

const never = new Promise<never>(() => undefined);

test('an answer is passed on, and a fault too, without a question', async () => {
  const ask = () => Promise.reject(new Error('it was asked'));
  expect(await unlessSilent(Promise.resolve(1), 1, ask)).toBe(1);
  await expect(unlessSilent(Promise.reject(new Error('refused')), 1, ask)).rejects.toThrow('refused');
});

test('an answer is waited for as long as the other side says that it is there', async () => {
  const answer = Promise.withResolvers<string>();
  let asked = 0;
  const answered = unlessSilent(answer.promise, 1, async () => {
    asked += 1;
    if (asked === 3) answer.resolve('at last');
  });
  expect(await answered).toBe('at last');
});

test('it is not waited for when the other side is silent', async () => {
  await expect(unlessSilent(never, 1, () => Promise.reject(new Error('nobody is there')))).rejects.toThrow(
    'nobody is there',
  );
});

test('what is said after the answer, or thrown after the silence, disturbs nobody', async () => {
  const answer = Promise.withResolvers<number>();
  const question = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const answered = unlessSilent(answer.promise, 1, () => {
    asked.resolve();
    return question.promise;
  });
  await asked.promise;
  answer.resolve(1);
  expect(await answered).toBe(1);
  question.reject(new Error('too late'));

  const late = Promise.withResolvers<number>();
  await expect(unlessSilent(late.promise, 1, () => Promise.reject(new Error('silence')))).rejects.toThrow();
  late.reject(new Error('later still'));
  await new Promise((resolve) => setImmediate(resolve));
});
