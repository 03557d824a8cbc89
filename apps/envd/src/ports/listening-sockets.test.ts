import { fc, test as fuzz } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { anyV6, loopbackV6, parseSocketTable } from './listening-sockets.ts';

const header =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

/** As the kernel writes it on a machine that has its lowest byte first. */
function hexadecimalAddress(bytes: readonly number[]): string {
  const words = Array.from({ length: bytes.length / 4 }, (_, index) =>
    Buffer.from(bytes.slice(index * 4, index * 4 + 4)).reverse(),
  );
  return Buffer.concat(words).toString('hex').toUpperCase();
}

function lineOf({ address, port, state, inode }: Row): string {
  const local = `${address}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const remote = `${'0'.repeat(address.length)}:0000`;
  return `   3: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;
}
interface Row {
  readonly address: string;
  readonly port: number;
  readonly state: string;
  readonly inode: number;
}

const tableOf = (rows: readonly Row[]) => `${[header, ...rows.map(lineOf)].join('\n')}\n`;

test('listening sockets are read from what a kernel wrote', () => {
  const text = `${header}
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 15011 1 0000000000000000 100 0 0 10 0                     
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 9131 1 0000000000000000 100 0 0 10 0                     
   2: 0100007F:1F40 0100007F:D3E2 01 00000000:00000000 00:00000000 00000000     0        0 17712 1 0000000000000000 20 4 30 10 -1                    
   3: 0100007F:D3E2 0100007F:1F40 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000000000000                                      
`;
  expect(parseSocketTable(text)).toEqual([
    { address: '127.0.0.1', port: 8000, inode: 15011 },
    { address: '0.0.0.0', port: 22, inode: 9131 },
  ]);
});

test('addresses of IPv6 are known, and those that are of IPv4 in truth', () => {
  const loopback = [...Array.from({ length: 15 }, () => 0), 1];
  const mapped = [...Array.from({ length: 10 }, () => 0), 255, 255, 127, 0, 0, 1];
  expect(hexadecimalAddress(loopback)).toBe(loopbackV6);
  const rows = [loopbackV6, anyV6, hexadecimalAddress(mapped)].map((address, index) => ({
    ...{ address, port: index + 1, state: '0A', inode: 7 },
  }));
  expect(parseSocketTable(tableOf(rows)).map(({ address }) => address)).toEqual([
    loopbackV6,
    anyV6,
    '127.0.0.1',
  ]);
});

const row = fc.record({
  address: fc
    .oneof(
      fc.array(fc.nat({ max: 255 }), { minLength: 4, maxLength: 4 }),
      fc.array(fc.nat({ max: 255 }), { minLength: 16, maxLength: 16 }),
    )
    .map(hexadecimalAddress),
  port: fc.nat({ max: 65535 }),
  state: fc.constantFrom('0A', '01', '06', '0B'),
  inode: fc.nat(),
});

fuzz.prop([fc.array(row)])('of every table the listening sockets are found, and only those', (rows) => {
  const found = parseSocketTable(tableOf(rows)).map(({ port, inode }) => [port, inode]);
  expect(found).toEqual(rows.filter(({ state }) => state === '0A').map(({ port, inode }) => [port, inode]));
});

fuzz.prop([fc.string({ maxLength: 2000 })])('no text makes it throw', (text) => {
  for (const { port, inode } of parseSocketTable(text)) {
    expect(port).toBeLessThanOrEqual(65535);
    expect(Number.isSafeInteger(inode)).toBe(true);
  }
});

fuzz.prop([fc.array(row, { minLength: 1 }), fc.nat()])(
  'a table that is cut keeps its whole lines',
  (rows, cut) => {
    const text = tableOf(rows);
    const whole = parseSocketTable(text);
    const found = parseSocketTable(text.slice(0, cut % text.length));
    // The number of the last inode may be cut too.
    expect(found.slice(0, -1)).toEqual(whole.slice(0, Math.max(0, found.length - 1)));
  },
);
