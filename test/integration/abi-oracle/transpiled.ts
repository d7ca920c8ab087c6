/**
 * The oracle: a plugin's module, lifted to a component and bound by jco-transpile's bindings instead of ours. They were
 * written by others from the same specification, so the two must agree.
 */
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import { componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

/** A signal as jco-transpile represents it. */
export interface OracleSignal {
  id: string;
  type: string;
  layer: string;
  source: string;
  content: string;
  metadata: [string, string][];
  timestamp: bigint;
}

/** A plugin error: what an import throws in `payload`, and what an export throws. */
export interface OracleError {
  code: string;
  message: string;
  details: string | undefined;
}

/** What the component exports; a `result`'s error is thrown. */
export interface OracleExports {
  lifecycle: {
    load(context: { pluginId: string; pluginVersion: string; hostVersion: string; config: string }): void;
    activate(): void;
    deactivate(): void;
    unload(): void;
    updateConfig(config: string): void;
  };
  neuron: {
    process(signal: OracleSignal): OracleSignal[];
    exportState(): Uint8Array;
    importState(state: Uint8Array): void;
  };
  tools: { execute(tool: string, parameters: string): string };
  memoryProvider: {
    store(entry: OracleEntry): void;
    retrieve(id: string): OracleEntry | undefined;
    search(query: string, limit: number): { entry: OracleEntry; score: number }[];
    delete(id: string): boolean;
  };
  learning: {
    learn(batch: { layer: string; input: string; expected: string; weight: number }[]): {
      learned: number;
      loss: number;
    };
    predict(layer: string, input: string): { output: string; confidence: number };
    exportState(): Uint8Array;
    importState(state: Uint8Array): void;
  };
  apiExtension: {
    handle(request: OracleRequest): { status: number; headers: [string, string][]; body: Uint8Array };
  };
}

export interface OracleEntry {
  id: string;
  content: string;
  metadata: string;
  timestamp: bigint;
}

export interface OracleRequest {
  method: string;
  path: string;
  query: string;
  headers: [string, string][];
  body: Uint8Array;
}

/** Imports by interface, without version: `hal9:plugin/logging`. */
export type OracleImports = Record<string, Record<string, (...values: never[]) => unknown>>;

interface Transpiled {
  instantiate(getCoreModule: (path: string) => WebAssembly.Module, imports: OracleImports): OracleExports;
}

/**
 * For the oracle's code, which gives `encodeInto` exactly as much room as the text takes: Node 26.10 then leaves out the last
 * character of some texts in Latin-1 longer than 255. `encode` does not.
 */
const EXACT_ENCODER = `const TextEncoder = class extends globalThis.TextEncoder {
  encodeInto(text, into) {
    const bytes = this.encode(text);
    into.set(bytes);
    return { read: text.length, written: bytes.length };
  }
};
`;

/** Lifts a module that carries its `component-type` section and imports nothing but the contract, and instantiates it. */
export async function instantiateTranspiled(core: Uint8Array, imports: OracleImports): Promise<OracleExports> {
  const component = await componentNew(core);
  const { files } = await transpileBytes(component, {
    name: 'oracle',
    instantiation: 'sync',
    nodejsCompat: false,
    wasiShim: false,
    emitTypescriptDeclarations: false,
  });
  const code = Buffer.concat([Buffer.from(EXACT_ENCODER), files['oracle.js'] as Uint8Array]).toString('base64');
  const { instantiate } = (await import(`data:text/javascript;base64,${code}`)) as Transpiled;
  return instantiate((path) => new WebAssembly.Module(files[path] as Uint8Array), imports);
}
