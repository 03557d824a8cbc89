import { InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { environmentVariable, execOf, shapeOf, wholeNumber } from './options.ts';

describe('a whole number', () => {
  it.each([
    ['1', 1],
    ['0512', 512],
  ])('is read from %j', (text, value) => {
    expect(wholeNumber(1)(text)).toBe(value);
  });

  it.each(['0', '-1', '1.5', '1e3', 'x', '', ' 1', '99999999999999999999'])('is not read from %j', (text) => {
    expect(() => wholeNumber(1)(text)).toThrow(InvalidArgumentError);
  });
});

describe('an environment variable', () => {
  it('may have equals signs in its value, and an empty value', () => {
    expect(environmentVariable('A=b=c', environmentVariable('B='))).toEqual({ A: 'b=c', B: '' });
  });

  it.each(['A', '=b', ''])('is not read from %j', (text) => {
    expect(() => environmentVariable(text)).toThrow(InvalidArgumentError);
  });
});

it('what is not given is left to the server', () => {
  expect(shapeOf({})).toEqual({});
  expect(shapeOf({ memory: 1024 })).toEqual({ memoryMb: 1024 });
});

it('a command without --timeout has no limit', () => {
  expect(execOf(['ls', '-la'], { stdin: true })).toEqual({ cmd: 'ls', args: ['-la'], timeoutSec: 0 });
});
