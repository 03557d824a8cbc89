export { FakeFirecrackerControl } from './control.ts';
export { type FakeFirecrackerOptions, installFakeFirecracker } from './install-fake-firecracker.ts';
