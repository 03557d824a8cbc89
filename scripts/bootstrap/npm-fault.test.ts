import { describe, expect, it } from 'vitest';
import { faultOfNpm } from './npm-fault.mjs';

const report = (code: string, summary = 'a summary\nover two lines') =>
  JSON.stringify({ error: { code, summary, detail: '' } }, undefined, 2);

describe('a failed npm ci', () => {
  it.each([
    ['ENOTFOUND', 'registry cannot be reached'],
    ['ECONNREFUSED', 'registry cannot be reached'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'NODE_EXTRA_CA_CERTS'],
    ['ENOSPC', 'no space left'],
    ['EACCES', 'may not write'],
  ])('with %s says in one line what to do', (code, expected) => {
    const line = faultOfNpm(report(code), null).toString();
    expect(line).toContain(expected);
    expect(line).not.toContain('\n');
  });

  it('with an unknown code quotes the summary on one line', () => {
    expect(faultOfNpm(report('EWHAT'), null).toString()).toContain(
      'npm ci failed (EWHAT): a summary over two lines',
    );
  });

  it('finds the report behind the output of install scripts', () => {
    expect(faultOfNpm(`> script {x}\n${report('ENOTFOUND')}\n`, null).message).toContain('ENOTFOUND');
  });

  it('without a report quotes the end of the output', () => {
    expect(faultOfNpm('Segmentation fault', null).message).toContain('Segmentation fault');
  });

  it('says when npm was ended by a signal', () => {
    expect(faultOfNpm('', 'SIGKILL').message).toContain('SIGKILL');
  });
});
