/** A plugin's assets as its workers get them: one piece of shared memory for all of its instances. */

/** The directory in which a guest finds them. */
export const ASSETS_DIRECTORY = '/assets';

/** The bytes are written before a worker gets them, and by nobody after; there is nothing else in them. */
export interface AssetImage {
  readonly bytes: SharedArrayBuffer;
  readonly files: readonly AssetFile[];
}

export interface AssetFile {
  /** Below `/assets`: plain components with `/` between them. No name is another one's directory. */
  readonly name: string;
  /** Where its bytes are in the image. */
  readonly start: number;
  readonly sizeBytes: number;
}
