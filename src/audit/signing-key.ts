import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

/** A public key that checkpoints may be signed with. */
export interface VerifyingKey {
  /** RFC 7638 thumbprint. */
  readonly id: string;
  readonly publicKey: KeyObject;
}

export interface SigningKey extends VerifyingKey {
  readonly privateKey: KeyObject;
}

/** An Ed25519 private key in PEM form (PKCS #8); null when it is anything else. */
export const readSigningKey = (pem: string): SigningKey | null => {
  const privateKey = keyOrNull(() => createPrivateKey(pem));
  if (privateKey === null) return null;
  const publicKey = createPublicKey(privateKey);
  return { id: thumbprint(publicKey), publicKey, privateKey };
};

/** An Ed25519 public key in PEM form (SPKI); null when it is anything else, also a private key. */
export const readVerifyingKey = (pem: string): VerifyingKey | null => {
  // Node would derive the public key, and a private key does not belong where public ones are.
  if (pem.includes('PRIVATE KEY')) return null;
  const publicKey = keyOrNull(() => createPublicKey(pem));
  return publicKey && { id: thumbprint(publicKey), publicKey };
};

/** As a member of a JWK set (RFC 8037). */
export const publicJwk = ({ id, publicKey }: VerifyingKey) => ({
  kty: 'OKP' as const,
  crv: 'Ed25519' as const,
  alg: 'EdDSA' as const,
  use: 'sig' as const,
  kid: id,
  x: publicKey.export({ format: 'jwk' }).x ?? '',
});

export const publicPem = ({ publicKey }: VerifyingKey): string =>
  publicKey.export({ type: 'spki', format: 'pem' }).toString();

const keyOrNull = (read: () => KeyObject): KeyObject | null => {
  try {
    const key = read();
    return key.asymmetricKeyType === 'ed25519' ? key : null;
  } catch {
    return null;
  }
};

/** RFC 7638, with the members that RFC 8037 names: an id that anyone can compute from the key alone. */
const thumbprint = (publicKey: KeyObject): string => {
  const { x } = publicKey.export({ format: 'jwk' });
  return createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url');
};
