import { fc, test } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import { firecrackerApi } from './api-description.ts';
import { validateRequest } from './validate.ts';

const validate = (method: string, path: string, body?: unknown) =>
  validateRequest(firecrackerApi, { method, path, body: body === undefined ? '' : JSON.stringify(body) });
const refused = (message: string, status = 400) => ({
  refused: { status, message: expect.stringContaining(message) },
});
const drive = { drive_id: 'rootfs', is_root_device: true, path_on_host: '/disk' };

it('takes a request that is as described, under the name of its route', () => {
  expect(validate('PUT', '/drives/rootfs', drive)).toEqual({
    call: { name: 'PUT /drives/{drive_id}', body: drive },
  });
  expect(validate('GET', '/')).toEqual({ call: { name: 'GET /', body: undefined } });
});

it('refuses a path and a method that are not described', () => {
  expect(validate('PUT', '/disks/rootfs', drive)).toEqual(refused('Invalid request method and/or path'));
  expect(validate('DELETE', '/drives/rootfs')).toEqual(refused('Invalid request method and/or path'));
  expect(validate('PUT', '/drives/rootfs/more', drive)).toEqual(
    refused('Invalid request method and/or path'),
  );
});

it('refuses a body that is missing, not JSON, too long, or where none belongs', () => {
  expect(validate('PUT', '/drives/rootfs')).toEqual(refused('Empty PUT request.'));
  expect(validate('GET', '/version', {})).toEqual(refused('cannot have a body'));
  expect(validate('PUT', '/mmds', { a: 'x'.repeat(60_000) })).toEqual(refused('51200', 413));
  const noise = { method: 'PUT', path: '/vm', body: '{' };
  expect(validateRequest(firecrackerApi, { ...noise, method: 'PATCH' })).toEqual(refused('deserialized'));
});

it('refuses a field that is unknown, missing, of another type, or of a value that is not among the known', () => {
  expect(validate('PUT', '/drives/rootfs', { ...drive, colour: 1 })).toEqual(
    refused('unknown field `colour`'),
  );
  expect(validate('PUT', '/drives/rootfs', { drive_id: 'rootfs' })).toEqual(
    refused('missing field `is_root_device`'),
  );
  expect(validate('PUT', '/drives/rootfs', { ...drive, is_read_only: 'no' })).toEqual(
    refused('body.is_read_only: expected a boolean'),
  );
  expect(validate('PUT', '/drives/rootfs', { ...drive, cache_type: 'Writethrough' })).toEqual(
    refused('unknown variant `Writethrough`'),
  );
});

it('looks into what a body refers to', () => {
  const limiter = { bandwidth: { size: -1, refill_time: 1 } };
  expect(validate('PUT', '/drives/rootfs', { ...drive, rate_limiter: limiter })).toEqual(
    refused('body.rate_limiter.bandwidth.size: -1 is out of range'),
  );
  expect(validate('PUT', '/mmds/config', { network_interfaces: ['eth0', 1] })).toEqual(
    refused('body.network_interfaces[1]: expected a string'),
  );
});

it('refuses a number that is too large or too small', () => {
  expect(validate('PUT', '/machine-config', { vcpu_count: 33, mem_size_mib: 128 })).toEqual(
    refused('body.vcpu_count: 33 is out of range'),
  );
  expect(validate('PUT', '/machine-config', { vcpu_count: 0, mem_size_mib: 128 })).toEqual(
    refused('body.vcpu_count: 0 is out of range'),
  );
  expect(validate('PATCH', '/balloon', { amount_mib: -1 })).toEqual(refused('-1 is out of range'));
});

it('refuses an ID of other characters, and one that the body does not repeat', () => {
  expect(validate('PUT', '/drives/root-fs', { ...drive, drive_id: 'root-fs' })).toEqual(refused('root-fs'));
  expect(validate('PUT', '/drives/other', drive)).toEqual(refused('"other"'));
});

it('takes any content of the metadata', () => {
  expect(validate('PUT', '/mmds', { a: { b: [1, null] } })).toMatchObject({ call: { name: 'PUT /mmds' } });
});

const names = Object.keys(firecrackerApi.paths).map((path) => path.replaceAll(/\{\w+\}/g, 'a'));
test.prop([fc.constantFrom('GET', 'PUT', 'PATCH', 'POST'), fc.constantFrom(...names), fc.json()])(
  'answers every request, whatever its body',
  (method, path, body) => {
    const verdict = validateRequest(firecrackerApi, { method, path, body });
    expect('call' in verdict || verdict.refused.message !== '').toBe(true);
  },
);
