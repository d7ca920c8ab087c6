/** How often frames of a backtrace stand there together. */
export interface Foldable {
  /** The last so many frames, this one among them, stand there so many times more. */
  again?: { frames: number; times: number };
}

/** Functions that call each other in turn: more than this are not looked for. */
const MAX_PERIOD = 8;

/**
 * Takes recursion together: frames that repeat, one by one or a few in turn, are kept once, with their count.
 *
 * @param maxFrames that are kept, from the first on
 */
export function foldFrames<F extends Foldable>(
  frames: readonly F[],
  isSame: (one: F, other: F) => boolean,
  maxFrames: number,
): F[] {
  const folded: F[] = [];
  for (let at = 0; at < frames.length && folded.length < maxFrames; ) {
    const { period, times } = repetition(frames, at, isSame);
    const block = frames.slice(at, at + period).map((frame) => ({ ...frame }));
    const last = block.at(-1);
    if (last !== undefined && times > 0) last.again = { frames: period, times };
    folded.push(...block);
    at += period * (times + 1);
  }
  return folded.slice(0, maxFrames);
}

/** The shortest repetition that begins here and saves a line; one frame, no times more, where nothing repeats. */
function repetition<F>(
  frames: readonly F[],
  at: number,
  isSame: (one: F, other: F) => boolean,
): { period: number; times: number } {
  for (let period = 1; period <= MAX_PERIOD; period++) {
    let same = 0;
    while (at + same + period < frames.length && isSame(frames[at + same] as F, frames[at + same + period] as F))
      same++;
    const times = Math.floor(same / period);
    if (times * period > 1) return { period, times };
  }
  return { period: 1, times: 0 };
}
