import type { Profile } from '../local/profile.js';
import { grouped } from './output.js';

const TITLES = ['SELF', 'SHARE', 'TOTAL', 'SHARE', 'CALLS'];

/** The dearest functions, and what all others used together. */
export function profileTable(profile: Profile, top: number): string[] {
  const functions = profile.functions();
  const shown = functions.slice(0, top);
  const share = (fuel: number): string => `${((100 * fuel) / Math.max(1, profile.fuel)).toFixed(1)}%`;
  const rows = shown.map(({ name, self, total, calls }) => ({
    name,
    numbers: [grouped(self), share(self), grouped(total), share(total), grouped(calls)],
  }));
  const rest = functions.slice(top);
  if (rest.length > 0) {
    const self = rest.reduce((sum, each) => sum + each.self, 0);
    const calls = rest.reduce((sum, each) => sum + each.calls, 0);
    const name = `(${rest.length} more, see --top)`;
    rows.push({ name, numbers: [grouped(self), share(self), '', '', grouped(calls)] });
  }
  const lines = [{ name: 'FUNCTION', numbers: TITLES }, ...rows];
  const widths = TITLES.map((_, column) => Math.max(...lines.map(({ numbers }) => numbers[column]?.length ?? 0)));
  return lines.map(({ name, numbers }) =>
    [...numbers.map((number, column) => number.padStart(widths[column] ?? 0)), name].join('  '),
  );
}
