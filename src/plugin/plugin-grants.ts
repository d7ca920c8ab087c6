import type { PluginRoots } from '../host/files/plugin-roots.js';
import type { Manifest } from '../package/manifest.js';
import type { Permission } from '../permissions.js';
import { requireAsked } from '../sandbox/asked-for.js';
import type { ConfiguredGrants } from '../sandbox/configured-grants.js';
import { overlapsAny } from '../sandbox/coverage.js';
import { type Decisions, decide, type LineDecisions, NOTHING_DECIDED, undecided } from '../sandbox/decisions.js';
import { partsOf, permissionJson } from '../sandbox/permission-parts.js';
import { effective, type Sheet } from '../sandbox/permitted.js';
import { versionLine } from '../sandbox/version-line.js';
import type { PermissionsView, PermissionUse } from './plugins-api.js';

/** What an operator has decided about a plugin, by line of versions: what the index keeps. */
export type StoredGrants = Readonly<Record<string, LineDecisions>>;

/** Lines that are kept: the newest ones, so that going back one or two asks nothing. */
const MAX_LINES = 16;

/** What one version of a plugin asks for and what holds of it, by the operator's decisions and by the configuration. Never changed. */
export class PluginGrants {
  readonly stored: StoredGrants;
  readonly #id: string;
  readonly #line: string;
  readonly #asked: readonly Permission[];
  readonly #configured: ConfiguredGrants;

  private constructor(
    plugin: { id: string; line: string; asked: readonly Permission[] },
    stored: StoredGrants,
    configured: ConfiguredGrants,
  ) {
    this.stored = stored;
    this.#id = plugin.id;
    this.#line = plugin.line;
    this.#asked = plugin.asked;
    this.#configured = configured;
  }

  /** Of the plugin that a manifest describes. */
  static of({ metadata }: Manifest, stored: StoredGrants, configured: ConfiguredGrants): PluginGrants {
    const asked = metadata.requirements.required_permissions;
    return new PluginGrants({ id: metadata.id, line: versionLine(metadata.version), asked }, stored, configured);
  }

  /** What is asked for and neither granted nor denied. */
  get undecided(): Permission[] {
    return undecided(this.#asked, this.#own, this.#configured.of(this.#id));
  }

  /** What is asked for, given and refused, now: the configuration may change. */
  get sheet(): Sheet {
    const [own, configured] = [this.#own, this.#configured.of(this.#id)];
    return {
      asked: this.#asked,
      granted: [...own.grant, ...configured.grant],
      denied: [...own.deny, ...configured.deny],
    };
  }

  /** The same text as long as the plugin may do the same. */
  get fingerprint(): string {
    const { sheet } = this;
    const asked = sheet.asked.map(partsOf);
    const denied = sheet.denied.filter((permission) => overlapsAny(asked, partsOf(permission)));
    // A denial as it is written: one without ports is of all of them, which the shortest spelling would not tell apart.
    const denials = denied.map((permission) => JSON.stringify(partsOf(permission)));
    return JSON.stringify([effective(sheet).map(permissionJson), denials].map((texts) => texts.sort()));
  }

  /** The grants after new decisions. Errors as `requireAsked` and `decide`. */
  with(decisions: Decisions): PluginGrants {
    requireAsked(this.#asked, decisions);
    const line = decide(this.#own, this.#asked, decisions, this.#configured.of(this.#id));
    const { [this.#line]: _, ...others } = this.stored;
    const kept = Object.entries(others).slice(-(MAX_LINES - 1));
    const plugin = { id: this.#id, line: this.#line, asked: this.#asked };
    return new PluginGrants(plugin, { ...Object.fromEntries(kept), [this.#line]: line }, this.#configured);
  }

  /** Of what the configuration says of all plugins, what touches this one. */
  view(used: readonly PermissionUse[], roots: Pick<PluginRoots, 'withoutRoot'>): PermissionsView {
    const [own, configured] = [this.#own, this.#configured.of(this.#id)];
    const asked = this.#asked.map(partsOf);
    const touched = (list: readonly Permission[]): Permission[] =>
      list.filter((permission) => overlapsAny(asked, partsOf(permission)));
    return {
      versionLine: this.#line,
      asked: distinct(this.#asked),
      granted: distinct([...own.grant, ...touched(configured.grant)]),
      denied: distinct([...own.deny, ...touched(configured.deny)]),
      effective: distinct(effective(this.sheet)),
      undecided: distinct(this.undecided),
      used,
      withoutRoot: distinct(roots.withoutRoot(effective(this.sheet))),
    };
  }

  get #own(): LineDecisions {
    return Object.hasOwn(this.stored, this.#line) ? (this.stored[this.#line] ?? NOTHING_DECIDED) : NOTHING_DECIDED;
  }
}

/** As JSON texts, each one once. */
function distinct(permissions: readonly Permission[]): string[] {
  return [...new Set(permissions.map(permissionJson))];
}
