import { expect, it } from 'vitest';
import { commonPorts, linkByPath, portAddresses, portsOf } from './port-addresses.ts';

const id = 'cl-0000000000000000000000000';

it('a port has a name of its own, and a path where names below localhost are not known', () => {
  expect(portAddresses(`http://{port}-${id}.localhost:8081/`, id, 8000)).toEqual({
    byName: `http://8000-${id}.localhost:8081/`,
    byPath: `http://127.0.0.1:8081/proxy/${id}/8000/`,
  });
});

it('where the capsules have a domain a port has no path', () => {
  expect(portAddresses(`https://{port}-${id}.capsules.example/`, id, 80).byPath).toBeUndefined();
});

it('a link opens the same port by path', () => {
  const { byPath } = portAddresses(`http://{port}-${id}.localhost/`, id, 3000);
  expect(linkByPath(`http://3000-${id}.localhost/?wrenn_access=secret`, byPath)).toBe(
    `http://127.0.0.1/proxy/${id}/3000/?wrenn_access=secret`,
  );
});

it('ports of an address are numbers of ports, each once, in order', () => {
  expect(portsOf(['8000', '0', 'x', '80', '65536', '80', '3.5'])).toEqual([80, 8000]);
});

it('what is shown is not offered again', () => {
  expect(commonPorts([8000])).not.toContain(8000);
});
