/** Which byte of a metered module comes from which of the original, and what a trap at a byte of it means. */

import { PLACE, PLACE_SHIFT } from './body-plan.js';
import type { IntList } from './int-list.js';

const ORIGINAL_MASK = 2 ** PLACE_SHIFT - 1;

/** What stands at a place: the guest's own code, an instruction before which the fuel was stored, or a check of ours. */
export type Place = 'guest' | 'guest-exact' | 'fuel-check' | 'stack-check';

const PLACES: Readonly<Record<number, Place>> = {
  [PLACE.original]: 'guest',
  [PLACE.exact]: 'guest-exact',
  [PLACE.fuel]: 'fuel-check',
  [PLACE.stack]: 'stack-check',
};

/**
 * Sorted pairs of integers (metered offset; original offset and kind of place): between two pairs both offsets advance alike.
 * It is plain data, so that it can be kept beside the module in a cache and sent to another thread.
 */
export interface OffsetMap {
  readonly metered: Uint32Array;
  readonly original: Uint32Array;
}

/**
 * @param pairs metered offset within the code section's content; original offset and kind of place
 * @param codeStart where that content begins in the metered module
 */
export function offsetMapOf(pairs: IntList, codeStart: number): OffsetMap {
  const count = pairs.length / 2;
  const metered = new Uint32Array(count);
  const original = new Uint32Array(count);
  for (let pair = 0; pair < count; pair++) {
    metered[pair] = pairs.at(2 * pair) + codeStart;
    original[pair] = pairs.at(2 * pair + 1);
  }
  return { metered, original };
}

/** The byte of the original module that a byte of the metered one stands for; undefined outside of function bodies. */
export function originalOffset(map: OffsetMap, meteredOffset: number): number | undefined {
  const at = findPair(map, meteredOffset);
  if (at < 0) return undefined;
  const value = (map.original[at] as number) & ORIGINAL_MASK;
  const inserted =
    (map.original[at] as number) >>> PLACE_SHIFT === PLACE.fuel || placeAt(map, meteredOffset) === 'stack-check';
  return inserted ? value : value + meteredOffset - (map.metered[at] as number);
}

/** The map to a module whose code stands that many bytes further to the front than in the one that was metered. */
export function beforeShift({ metered, original }: OffsetMap, shiftBytes: number): OffsetMap {
  // What stands in a function that was added comes from nowhere, which is 0.
  const shifted = original.map((value) => ((value & ORIGINAL_MASK) === 0 ? value : value - shiftBytes));
  return { metered, original: shifted };
}

/** What stands at a byte of the metered module; undefined outside of function bodies. */
export function placeAt(map: OffsetMap, meteredOffset: number): Place | undefined {
  const at = findPair(map, meteredOffset);
  return at < 0 ? undefined : PLACES[(map.original[at] as number) >>> PLACE_SHIFT];
}

/** The last pair that is not behind the offset; -1 where there is none. */
function findPair(map: OffsetMap, offset: number): number {
  let low = 0;
  let high = map.metered.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((map.metered[middle] as number) <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
