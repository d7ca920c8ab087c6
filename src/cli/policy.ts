/** The least that a plugin needs, made from what it tried: a block of the configuration file. */

/** What a plugin asks for and has tried. Permissions are JSON texts. */
export interface Recorded {
  plugin: { id: string; name: string; version: string };
  asked: readonly string[];
  tried: readonly string[];
}

/** The section `grants` that gives what was tried and refuses the rest of what is asked for. Permissions as a manifest writes them. */
export interface Policy {
  grants: Record<string, { grant: unknown[]; deny: unknown[] }>;
  /** Tried and not asked for, which no policy can give. */
  notAskedFor: unknown[];
}

export function policyOf({ plugin, asked, tried }: Recorded): Policy {
  const parsed = (texts: readonly string[]): unknown[] => texts.map((text) => JSON.parse(text) as unknown);
  return {
    grants: {
      [plugin.id]: {
        grant: parsed(asked.filter((text) => tried.includes(text))),
        deny: parsed(asked.filter((text) => !tried.includes(text))),
      },
    },
    notAskedFor: parsed(tried.filter((text) => !asked.includes(text))),
  };
}

/** As YAML, to be pasted. JSON is YAML, so that nothing needs another kind of quotes. */
export function policyLines({ name, version }: Recorded['plugin'], { grants, notAskedFor }: Policy): string[] {
  const lines = ['grants:'];
  for (const [id, { grant, deny }] of Object.entries(grants)) {
    lines.push(`  # ${name} ${version}`, `  ${id}:`, ...listLines('grant', grant), ...listLines('deny', deny));
  }
  if (notAskedFor.length > 0) {
    lines.push(`  # tried too, but its manifest does not ask for it: ${notAskedFor.map(textOf).join(', ')}`);
  }
  return lines;
}

function listLines(key: string, permissions: readonly unknown[]): string[] {
  if (permissions.length === 0) return [`    ${key}: []`];
  return [`    ${key}:`, ...permissions.map((permission) => `      - ${textOf(permission)}`)];
}

const textOf = (permission: unknown): string => JSON.stringify(permission);
