import type { Profile } from './profile.js';

/** The part of speedscope's file format that is written (its `src/lib/file-format-spec.ts`). */
export interface SpeedscopeFile {
  $schema: 'https://www.speedscope.app/file-format-schema.json';
  shared: { frames: { name: string }[] };
  profiles: SpeedscopeProfile[];
  name: string;
  activeProfileIndex: number;
  exporter: string;
}

interface SpeedscopeProfile {
  type: 'sampled';
  name: string;
  unit: 'none';
  startValue: number;
  endValue: number;
  /** Stacks, outermost frame first, by index into `shared.frames`. */
  samples: number[][];
  weights: number[];
}

/** A profile for speedscope: each stack is a sample that weighs what was used on it. */
export function speedscopeFile(profile: Profile, name: string, exporter: string): SpeedscopeFile {
  const frames: { name: string }[] = [];
  const known = new Map<number, number>();
  const frameOf = (functionIndex: number): number => {
    const found = known.get(functionIndex);
    if (found !== undefined) return found;
    known.set(functionIndex, frames.length);
    return frames.push({ name: profile.nameOf(functionIndex) }) - 1;
  };
  const samples: number[][] = [];
  const weights: number[] = [];
  for (const { frames: stack, fuel } of profile.stacks()) {
    samples.push(stack.map(frameOf));
    weights.push(fuel);
  }
  return {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    shared: { frames },
    profiles: [
      { type: 'sampled', name: 'fuel', unit: 'none', startValue: 0, endValue: profile.fuel, samples, weights },
    ],
    name,
    activeProfileIndex: 0,
    exporter,
  };
}
