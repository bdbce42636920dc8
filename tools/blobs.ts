import { createHash } from 'node:crypto';

/** Where and how to push. */
export interface PushTo {
  readonly registryUrl: string;
  readonly repository: string;
  /** Value of the Authorization header. */
  readonly authorization?: string;
}

/** An answer of the registry's, read to its end. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export const sha256 = (bytes: Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Sends one request and throws, with what the registry said, unless it answers `status`. */
export const send = async (
  to: PushTo,
  expected: { readonly status: number; readonly what: string },
  method: string,
  url: string,
  body?: { readonly bytes: Uint8Array; readonly type: string },
): Promise<Answer> => {
  const response = await fetch(url, {
    method,
    headers: {
      ...(to.authorization && { authorization: to.authorization }),
      ...(body && { 'content-type': body.type }),
    },
    ...(body && { body: new Uint8Array(body.bytes) }),
  });
  const text = await response.text();
  if (response.status !== expected.status) throw new Error(`${expected.what}: ${response.status} ${text}`);
  return { status: response.status, headers: response.headers, text };
};

/** Pushes a blob in one piece (OCI distribution spec, "Pushing a blob monolithically"). */
export const pushBlob = async (to: PushTo, bytes: Buffer): Promise<{ digest: string; size: number }> => {
  const digest = sha256(bytes);
  const uploads = `${to.registryUrl}/v2/${to.repository}/blobs/uploads/`;
  const { headers } = await send(to, { status: 202, what: 'starting an upload' }, 'POST', uploads);
  // May be relative, and may have a query of its own.
  const location = new URL(headers.get('location') ?? '', uploads);
  location.searchParams.set('digest', digest);
  const body = { bytes, type: 'application/octet-stream' };
  await send(to, { status: 201, what: 'storing a blob' }, 'PUT', location.href, body);
  return { digest, size: bytes.byteLength };
};

/** A tar archive (POSIX ustar) with one file and no times, so that the same content gives the same digest. */
export const tarOf = (name: string, content: Buffer): Buffer => {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, '0') + '\0';
  header.write(name, 0, 100);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(content.byteLength, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(octal(checksum, 7) + ' ', 148);
  const padding = Buffer.alloc((512 - (content.byteLength % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
};
