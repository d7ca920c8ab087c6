/** What generated programs stand in: the features that they may use, and the functions of the host. */

export interface Features {
  readonly legacyExceptions: boolean;
  readonly exceptionReferences: boolean;
  readonly tailCalls: boolean;
}

export interface Signature {
  readonly params: readonly number[];
  readonly results: readonly number[];
}

const I32 = 0x7f;
const I64 = 0x7e;
const F64 = 0x7c;

/** Host functions that programs import as `host`.`f0` … */
export const HOST_SIGNATURES: readonly Signature[] = [
  { params: [I32], results: [I32] },
  { params: [I32, I64], results: [] },
  { params: [], results: [I64] },
  { params: [F64, I32], results: [I32] },
];
