import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { WrennError } from '@wrenn/core';
import { run } from '../process/run.ts';

/** Of the header of a bzImage, in bytes, from the kernel's Documentation/arch/x86/boot.rst. Numbers are little endian. */
const header = {
  setupSectors: 0x1f1,
  magic: 0x202,
  version: 0x206,
  payloadOffset: 0x248,
  payloadLength: 0x24c,
};
const magic = 'HdrS';
/** The first that says where the payload is. */
const versionWithPayload = 0x0208;
const sectorBytes = 512;
/** Behind the compressed kernel is how long it is without compression. */
const sizeBytes = 4;
/** No kernel of a distribution is larger. */
const largestKernel = 256 << 20;
const timeoutMs = 60_000;

/** What a kernel can be compressed with, by how that begins; from the kernel's scripts/extract-vmlinux. */
const compressions = [
  { name: 'gzip', begins: Buffer.from([0x1f, 0x8b, 0x08]) },
  { name: 'zstd', begins: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]) },
  { name: 'lz4', begins: Buffer.from([0x02, 0x21, 0x4c, 0x18]) },
] as const;
type Compression = (typeof compressions)[number]['name'];

export interface KernelPayload {
  readonly compression: Compression;
  readonly bytes: Buffer;
}

/**
 * Unpacks the kernel that is in a bzImage, as QEMU and boot loaders start it, to the ELF file that Firecracker wants. Throws
 * internal_error for what is no such kernel.
 */
export async function unpackKernel(vmlinuz: string, vmlinux: string, signal: AbortSignal): Promise<void> {
  const { compression, bytes } = payloadOf(await readFile(vmlinuz));
  switch (compression) {
    case 'gzip':
      await writeFile(vmlinux, await promisify(gunzip)(bytes, { maxOutputLength: largestKernel }));
      break;
    case 'zstd':
      await writeFile(vmlinux, await promisify(zstdDecompress)(bytes, { maxOutputLength: largestKernel }));
      break;
    case 'lz4':
      await unpackLz4(bytes, vmlinux, signal);
  }
  await requireElf(vmlinux);
}

/** The compressed kernel in a bzImage. Throws internal_error. */
export function payloadOf(image: Buffer): KernelPayload {
  if (
    image.length < header.payloadLength + 4 ||
    image.toString('latin1', header.magic, header.magic + 4) !== magic
  )
    throw unusable('it is no bzImage');
  if (image.readUInt16LE(header.version) < versionWithPayload)
    throw unusable('it does not say where its payload is');
  // Very old ones have 0 for what is 4.
  const start = ((image.readUInt8(header.setupSectors) || 4) + 1) * sectorBytes;
  const from = start + image.readUInt32LE(header.payloadOffset);
  const length = image.readUInt32LE(header.payloadLength);
  if (length <= sizeBytes || from + length > image.length) throw unusable('its payload is not in it');
  const bytes = image.subarray(from, from + length - sizeBytes);
  const found = compressions.find(({ begins }) => bytes.subarray(0, begins.length).equals(begins));
  if (found === undefined) throw unusable(`its compression is not known: ${bytes.toString('hex', 0, 6)}`);
  return { compression: found.name, bytes };
}

/** The form that kernels use has a program, and Node does not know it. */
async function unpackLz4(bytes: Buffer, to: string, signal: AbortSignal): Promise<void> {
  const packed = `${to}.lz4`;
  await writeFile(packed, bytes);
  try {
    await run(['lz4', '-d', '-f', '-q', packed, to], { signal, timeoutMs });
  } finally {
    await rm(packed, { force: true });
  }
}

/** 64 bits, little endian, for x86-64: from the ELF header, elf(5). */
async function requireElf(path: string): Promise<void> {
  await using file = await open(path, 'r');
  const head = Buffer.alloc(20);
  await file.read(head, 0, head.length, 0);
  const isElf = head.subarray(0, 6).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]));
  if (!isElf || head.readUInt16LE(18) !== 62) throw unusable('what is in it is no kernel for x86-64');
}

function unusable(why: string): WrennError {
  return new WrennError('internal_error', `the guest kernel cannot be unpacked: ${why}`);
}
