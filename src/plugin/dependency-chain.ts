/** Chains of plugins in the words of a message, which has a bound: of a long one, the ends are shown. */

interface Named {
  readonly name: string;
  readonly version: string;
}

const SHOWN_AT_AN_END = 4;

/** `name version`. */
export function refOf(plugin: Named | undefined): string {
  return plugin === undefined ? '' : `${plugin.name} ${plugin.version}`;
}

/** `A 1.0.0 -> B 2.0.0 -> C 1.1.0`: each needs the one behind it. */
export function stepsText(chain: readonly Named[]): string {
  return shortened(chain.map(refOf)).join(' -> ');
}

/** Who needs the last plugin of a chain, and who that one; empty where nobody does. */
export function chainText(chain: readonly Named[]): string {
  const upwards = shortened(chain.map(refOf).reverse());
  return upwards
    .slice(1)
    .map((ref, index) => (index === 0 ? `${upwards[0]} is needed by ${ref}` : `that by ${ref}`))
    .join(', ');
}

/** Names of plugins, as many as a reader takes in. */
export function listText(plugins: readonly Named[]): string {
  return shortened(plugins.map(refOf)).join(', ');
}

function shortened(texts: readonly string[]): string[] {
  const left = texts.length - 2 * SHOWN_AT_AN_END;
  if (left <= 1) return [...texts];
  return [...texts.slice(0, SHOWN_AT_AN_END), `… ${left} more …`, ...texts.slice(-SHOWN_AT_AN_END)];
}
