import { describe, expect, it } from 'vitest';
import { describeError, WrennError } from './errors.ts';

describe('WrennError', () => {
  it('tells a client everything but its cause', () => {
    const error = new WrennError('invalid_request', 'vcpus must be positive', {
      field: 'vcpus',
      remedy: 'give 1 to 8',
      cause: new Error('a path of this machine'),
    });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'invalid_request',
      message: 'vcpus must be positive',
      field: 'vcpus',
      remedy: 'give 1 to 8',
      retryable: false,
    });
  });

  it('stays itself when converted', () => {
    const error = new WrennError('not_found', 'no such capsule');
    expect(WrennError.from(error, 'reading')).toBe(error);
  });

  it('knows a full quota, which Node has no name for', () => {
    const cause = Object.assign(new Error('write'), { code: 'Unknown system error -122', errno: -122 });
    expect(WrennError.from(cause).code).toBe('no_space');
  });

  it.each(['ENOSPC', 'EDQUOT'])('calls %s a full disk', (code) => {
    const full = Object.assign(new Error('write'), { code });
    expect(WrennError.from(full, 'copying').code).toBe('no_space');
  });

  it('says nothing of what it does not know, but keeps it as the cause', () => {
    const odd = new TypeError('x is undefined');
    const error = WrennError.from(odd, 'listing capsules');
    expect(error.message).toBe('listing capsules');
    expect(error.cause).toBe(odd);
  });

  it('is the first fault, also when the clean-up after it failed', () => {
    const first = new WrennError('conflict', 'the name is taken');
    expect(WrennError.from(new SuppressedError(new Error('busy'), first))).toBe(first);
  });

  it('finds the reason in an AbortError', () => {
    const reason = new WrennError('deadline_exceeded', 'too long');
    const aborted = Object.assign(new Error('aborted', { cause: reason }), { name: 'AbortError' });
    expect(WrennError.from(aborted)).toBe(reason);
  });
});

describe('describeError', () => {
  it('puts an error and its causes on one line', () => {
    const error = new Error('restoring', { cause: new Error('open', { cause: 'EACCES' }) });
    expect(describeError(error)).toBe('restoring: open: EACCES');
  });
});
