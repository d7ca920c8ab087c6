// Generated from sdk/wit by `npm run bindgen`. Do not edit: change the WIT or sdk/bindgen, and run it again.
/** A type of core WebAssembly's functions, as far as the contract uses them. */
export type CoreType = 'i32' | 'i64' | 'f32' | 'f64';

/** One function of the contract, as a core module sees it after lowering (canonical ABI). */
export interface ContractFunction {
  readonly name: string;
  readonly params: readonly CoreType[];
  readonly results: readonly CoreType[];
  /** Whether the host allocates in the guest for it: then the module must export `cabi_realloc`. */
  readonly needsRealloc: boolean;
  /** Whether the module may export `cabi_post_…` for it: one parameter, the function's core result. */
  readonly postReturn: boolean;
}

/** One interface of the package, seen from the plugin: what it exports, or what it may import. */
export interface ContractInterface {
  readonly name: string;
  readonly direction: 'export' | 'import';
  readonly functions: readonly ContractFunction[];
}

export const CONTRACT_VERSION = '0.1.0';
export const CONTRACT_PACKAGE = 'hal9:plugin';

export const INTERFACES: readonly ContractInterface[] = [
  {
    name: 'lifecycle',
    direction: 'export',
    functions: [
      {
        name: 'load',
        params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
      {
        name: 'activate',
        params: [],
        results: ['i32'],
        needsRealloc: false,
        postReturn: true,
      },
      {
        name: 'deactivate',
        params: [],
        results: ['i32'],
        needsRealloc: false,
        postReturn: true,
      },
      {
        name: 'unload',
        params: [],
        results: ['i32'],
        needsRealloc: false,
        postReturn: true,
      },
      {
        name: 'update-config',
        params: ['i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
    ],
  },
  {
    name: 'neuron',
    direction: 'export',
    functions: [
      {
        name: 'process',
        params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i64'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
      {
        name: 'export-state',
        params: [],
        results: ['i32'],
        needsRealloc: false,
        postReturn: true,
      },
      {
        name: 'import-state',
        params: ['i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
    ],
  },
  {
    name: 'tools',
    direction: 'export',
    functions: [
      {
        name: 'execute',
        params: ['i32', 'i32', 'i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
    ],
  },
  {
    name: 'memory-provider',
    direction: 'export',
    functions: [
      {
        name: 'store',
        params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i64'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
      {
        name: 'retrieve',
        params: ['i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
      {
        name: 'search',
        params: ['i32', 'i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
      {
        name: 'delete',
        params: ['i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
    ],
  },
  {
    name: 'learning',
    direction: 'export',
    functions: [
      {
        name: 'learn',
        params: ['i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
      {
        name: 'predict',
        params: ['i32', 'i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
      {
        name: 'export-state',
        params: [],
        results: ['i32'],
        needsRealloc: false,
        postReturn: true,
      },
      {
        name: 'import-state',
        params: ['i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
    ],
  },
  {
    name: 'api-extension',
    direction: 'export',
    functions: [
      {
        name: 'handle',
        params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
        results: ['i32'],
        needsRealloc: true,
        postReturn: true,
      },
    ],
  },
  {
    name: 'logging',
    direction: 'import',
    functions: [
      {
        name: 'log',
        params: ['i32', 'i32', 'i32'],
        results: [],
        needsRealloc: false,
        postReturn: false,
      },
    ],
  },
  {
    name: 'config',
    direction: 'import',
    functions: [
      {
        name: 'get',
        params: ['i32', 'i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
      {
        name: 'get-all',
        params: ['i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
    ],
  },
  {
    name: 'clock',
    direction: 'import',
    functions: [
      {
        name: 'now',
        params: [],
        results: ['i64'],
        needsRealloc: false,
        postReturn: false,
      },
      {
        name: 'monotonic',
        params: [],
        results: ['i64'],
        needsRealloc: false,
        postReturn: false,
      },
    ],
  },
  {
    name: 'random',
    direction: 'import',
    functions: [
      {
        name: 'bytes',
        params: ['i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
      {
        name: 'next',
        params: [],
        results: ['i64'],
        needsRealloc: false,
        postReturn: false,
      },
    ],
  },
  {
    name: 'metrics',
    direction: 'import',
    functions: [
      {
        name: 'increment',
        params: ['i32', 'i32', 'f64', 'i32', 'i32'],
        results: [],
        needsRealloc: false,
        postReturn: false,
      },
      {
        name: 'set',
        params: ['i32', 'i32', 'f64', 'i32', 'i32'],
        results: [],
        needsRealloc: false,
        postReturn: false,
      },
      {
        name: 'observe',
        params: ['i32', 'i32', 'f64', 'i32', 'i32'],
        results: [],
        needsRealloc: false,
        postReturn: false,
      },
    ],
  },
  {
    name: 'memory',
    direction: 'import',
    functions: [
      {
        name: 'get',
        params: ['i32', 'i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
      {
        name: 'set',
        params: ['i32', 'i32', 'i32', 'i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
      {
        name: 'delete',
        params: ['i32', 'i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
      {
        name: 'list-entries',
        params: ['i32', 'i32', 'i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
      {
        name: 'search',
        params: ['i32', 'i32', 'i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
    ],
  },
  {
    name: 'signals',
    direction: 'import',
    functions: [
      {
        name: 'emit',
        params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i64', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
    ],
  },
  {
    name: 'plugins',
    direction: 'import',
    functions: [
      {
        name: 'call-tool',
        params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
    ],
  },
  {
    name: 'http',
    direction: 'import',
    functions: [
      {
        name: 'fetch',
        params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
      {
        name: 'open',
        params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
      {
        name: 'read',
        params: ['i32', 'i32', 'i32'],
        results: [],
        needsRealloc: true,
        postReturn: false,
      },
      {
        name: 'close',
        params: ['i32'],
        results: [],
        needsRealloc: false,
        postReturn: false,
      },
    ],
  },
];
