import { createHash } from 'node:crypto';
import type { ClientWritableStream } from '@grpc/grpc-js';
import { REQUEST_LIMITS } from '../limits.js';
import type { Decisions } from './messages.js';

/** Bytes of the package that were handed to the transport, and how many there are. */
export type OnProgress = (sentBytes: number, totalBytes: number) => void;

/** How a package is to be installed. */
export interface PackageSettings {
  onProgress?: OnProgress;
  /** Checks everything and changes nothing. */
  dryRun?: boolean;
  /** About the permissions that the package asks for. */
  decisions?: Decisions;
}

/**
 * Sends a package's bytes, with their hash, over a stream of InstallPlugin.
 * @param refused resolves when the server has answered: sending stops then
 */
export async function sendPackage(
  stream: ClientWritableStream<object>,
  bytes: Uint8Array,
  refused: Promise<void>,
  { onProgress = () => {}, dryRun = false, decisions = {} }: PackageSettings,
): Promise<void> {
  let open = true;
  void refused.then(() => (open = false));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  stream.write({ header: { sizeBytes: bytes.length, sha256, dryRun, decisions } });
  for (let at = 0; open && at < bytes.length; at += REQUEST_LIMITS.maxChunkBytes) {
    const chunk = bytes.subarray(at, at + REQUEST_LIMITS.maxChunkBytes);
    // The callback comes when the chunk was handed to the transport, which is what bounds memory here.
    await Promise.race([new Promise<void>((resolve) => stream.write({ chunk }, () => resolve())), refused]);
    onProgress(at + chunk.length, bytes.length);
  }
  if (open) stream.end();
}
