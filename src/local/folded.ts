import type { Profile } from './profile.js';

/**
 * Folded stacks, one on each line: names from the outermost on with semicolons between them, a space, the fuel. Flame graph
 * programs read it (`flamegraph.pl`, `inferno-flamegraph`, speedscope).
 */
export function foldedStacks(profile: Profile): string {
  let text = '';
  for (const { frames, fuel } of profile.stacks()) {
    text += `${frames.map((frame) => profile.nameOf(frame).replace(/[;\n\r]/g, ',')).join(';')} ${fuel}\n`;
  }
  return text;
}
