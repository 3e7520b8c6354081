// RSA keys from PEM, held by the host's cryptography.
import { KassaError } from '../references/error.js';
import { decode64, secretText } from './secret.js';

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };

/** The sizes that a key may have, in bits. */
const [LEAST, MOST] = [2048, 4096];

/** The first bytes of the modulus of the key pair that OP's documentation prints. */
const EXAMPLE = 'aae051f88a7626f6bb1b3c82056ffb47d44fde617dec5c6d8911816fbe349922';

/** A private key: PKCS#8, or PKCS#1. */
export async function privateKey(pem, options) {
  const { label, der } = read(pem, 'RSA private key', ['PRIVATE KEY', 'RSA PRIVATE KEY'], options);
  return checked('pkcs8', label === 'PRIVATE KEY' ? der : wrapped(der), 'sign');
}

/** A public key: SubjectPublicKeyInfo. */
export async function publicKey(pem, options) {
  const { der } = read(pem, 'RSA public key', ['PUBLIC KEY'], options);
  return checked('spki', der, 'verify');
}

export const sign = (key, bytes) => crypto.subtle.sign(RSA.name, key, bytes);

export const verify = (key, signature, bytes) => crypto.subtle.verify(RSA.name, key, signature, bytes);

async function checked(format, der, use) {
  const key = await crypto.subtle.importKey(format, der, RSA, false, [use]).catch(() => {
    throw new KassaError('keys/inconsistent', 'RSA key is no whole and usual key');
  });
  const { modulusLength } = key.algorithm;
  if (modulusLength < LEAST || modulusLength > MOST) {
    throw new KassaError('keys/size', `RSA key has another size: expected ${LEAST} to ${MOST} bits`);
  }
  return key;
}

function read(pem, kind, labels, { sandbox = false } = {}) {
  const text = secretText(typeof pem === 'string' ? pem.trim() : pem, kind);
  const block = /^-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----$/.exec(text);
  if (!block || !labels.includes(block[1])) {
    throw new KassaError('keys/prefix', `${kind} has another prefix: expected -----BEGIN ${labels[0]}-----`);
  }
  const der = decode64(block[2].replace(/\s/g, ''));
  if (!der) throw new KassaError('keys/encoding', `${kind} is encoded in another way than expected`);
  if (!sandbox && hex(der).includes(EXAMPLE)) {
    throw new KassaError('keys/published', `${kind} is the one that OP's documentation prints: everybody has it`);
  }
  return { label: block[1], der };
}

/** PKCS#1 in PKCS#8: a version, the algorithm, and the key as an octet string. */
function wrapped(der) {
  const rsaEncryption = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
  const key = [0x04, ...length(der.length), ...der];
  const inside = [0x02, 0x01, 0x00, ...rsaEncryption, ...key];
  return Uint8Array.from([0x30, ...length(inside.length), ...inside]);
}

/** A length in DER; every one here has two bytes. */
const length = (bytes) => [0x82, bytes >> 8, bytes & 0xff];

export const hex = (bytes) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
