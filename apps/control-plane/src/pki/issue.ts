// @peculiar/x509 looks for it when it is loaded, so it comes first.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** Certificate and private key, in PEM. */
export interface Pair {
  readonly certificate: string;
  readonly key: string;
}

export type Leaf =
  | { readonly use: 'client'; readonly name: string }
  /** `address` is the IP address or host name that clients connect to. */
  | { readonly use: 'server'; readonly name: string; readonly address: string };

const caLifeDays = 3650;
const leafLifeDays = 365;
/** Clocks of two machines differ a little. */
const skewMs = 60_000;
const dayMs = 86_400_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A self-signed authority of EC P-256 that signs leaves only. */
export async function issueCa(now: Date): Promise<Pair> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...frame('CN=Wrenn local CA', now, caLifeDays),
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

export async function issueLeaf(ca: Pair, leaf: Leaf, now: Date): Promise<Pair> {
  const keys = await generateKeys();
  const authority = new X509Certificate(ca.certificate);
  const purpose = leaf.use === 'client' ? ExtendedKeyUsage.clientAuth : ExtendedKeyUsage.serverAuth;
  const certificate = await X509CertificateGenerator.create({
    ...frame(`CN=${leaf.name}`, now, leafLifeDays),
    issuer: authority.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(ca.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([purpose], true),
      await AuthorityKeyIdentifierExtension.create(authority),
      ...(leaf.use === 'server' ? [alternativeName(leaf.address)] : []),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey) };
}

function frame(subject: string, now: Date, lifeDays: number) {
  return {
    // Positive, so the first bit is not set; and not zero.
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject,
    name: subject,
    notBefore: new Date(now.getTime() - skewMs),
    notAfter: new Date(now.getTime() + lifeDays * dayMs),
    signingAlgorithm: algorithm,
  };
}

function alternativeName(address: string): SubjectAlternativeNameExtension {
  return new SubjectAlternativeNameExtension([{ type: isIP(address) === 0 ? 'dns' : 'ip', value: address }]);
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = PemConverter.decode(pem);
  if (der === undefined) throw new TypeError('the CA key is not PEM');
  return await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}
