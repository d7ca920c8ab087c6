/** Notes, while a module is rewritten for profiling, which of its bytes comes from which of the original. */

import { PLACE, PLACE_SHIFT } from '../fuel/body-plan.js';
import { IntList } from '../fuel/int-list.js';
import { type OffsetMap, offsetMapOf } from '../fuel/offset-map.js';

export class Places {
  readonly #pairs = new IntList();
  #bodyPairs = 0;
  /** Whether what is written now is the original's. */
  #copying = false;

  /** A body begins, whose places are counted from its start. */
  begin(): void {
    this.#bodyPairs = this.#pairs.length;
    this.#copying = false;
  }

  /** What was written of the body since `begin` stands at that byte of the code section. */
  end(bodyStart: number): void {
    const { data, length } = this.#pairs;
    for (let at = this.#bodyPairs; at < length; at += 2) data[at] = (data[at] as number) + bodyStart;
  }

  /** From here on there is code of ours, for the sake of an instruction: where it ends the guest, the fuel is gone. */
  added(at: number, original: number): void {
    this.#copying = false;
    this.#pairs.push2(at, original | (PLACE.fuel << PLACE_SHIFT));
  }

  /** From here on there is code of the original: the counter is exact there. */
  copied(at: number, original: number): void {
    if (this.#copying) return;
    this.#copying = true;
    this.#pairs.push2(at, original | (PLACE.exact << PLACE_SHIFT));
  }

  /** @param codeStart of the code section's content in the module that was written */
  map(codeStart: number): OffsetMap {
    return offsetMapOf(this.#pairs, codeStart);
  }
}
