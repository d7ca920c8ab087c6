/**
 * The picture of the architecture, as a table. A file imports its own folder, or one that stands further down.
 * What stands on one line does not know each other, except where a list says so.
 */
export const LAYERS: readonly (readonly string[])[] = [
  ['main', 'cli'],
  ['server'],
  ['rpc', 'http', 'local'],
  ['dispatch'],
  ['plugin'],
  ['pool'],
  ['host'],
  ['sandbox'],
  ['prepare'],
  ['package'],
  ['wasm'],
  ['access'],
  ['observe'],
  ['config', 'errors', 'limits', 'settings', 'listen-address', 'permissions', 'version', 'protocol'],
];

/** Imports within one line, and to the client, which stands beside the server's layers. */
export const ALSO_ALLOWED: readonly (readonly [string, string])[] = [
  // `hal9 serve` runs the server.
  ['cli', 'main'],
  // The command line is a client of the server.
  ['cli', 'client'],
  ['client', 'config'],
  ['client', 'errors'],
  ['client', 'limits'],
  ['client', 'settings'],
  ['client', 'protocol'],
  ['client', 'listen-address'],
  ['client', 'version'],
  ['config', 'listen-address'],
  ['config', 'settings'],
  ['config', 'errors'],
  ['config', 'limits'],
  ['config', 'permissions'],
  // Paths that guests find anyway.
  ['config', 'protocol'],
  ['permissions', 'limits'],
  ['permissions', 'protocol'],
  ['settings', 'limits'],
  ['listen-address', 'errors'],
  ['listen-address', 'limits'],
];

/** A worker thread loads its own code, the protocol, and functions of bytes. Nothing else is near a guest. */
export const WORKER_IMPORTS: readonly string[] = ['workers', 'src/protocol', 'src/wasm'];

/** Folders whose files are functions of bytes: they import nothing of Node's but these. */
export const PURE: Readonly<Record<string, readonly string[]>> = {
  wasm: [],
  protocol: ['node:buffer'],
  errors: [],
  limits: [],
  settings: [],
};

/**
 * The folders that import each package: one; two for gRPC, which has a server's and a client's side. For zod those of the
 * documents that people write, or a command for them: the manifest, the configuration, the permissions that both of them name,
 * and the keys that are trusted.
 */
export const VENDORS: Readonly<Record<string, readonly string[]>> = {
  '@grpc/grpc-js': ['rpc', 'client'],
  '@grpc/proto-loader': ['rpc', 'client'],
  '@grpc/reflection': ['rpc'],
  'grpc-health-check': ['rpc'],
  commander: ['cli'],
  libsql: ['host'],
  pino: ['observe'],
  'prom-client': ['observe'],
  piscina: ['pool'],
  semver: ['package'],
  undici: ['host'],
  yaml: ['config'],
  yauzl: ['package'],
  yazl: ['package'],
  zod: ['package', 'permissions', 'config', 'sandbox'],
};

/** The layer of a file below src/: its folder, or its own name. */
export function layerOf(path: string): string {
  const [, first = ''] = path.split('/');
  return first.replace(/\.ts$/, '');
}

/** Whether a file of one layer may import a file of the other. */
export function mayImport(from: string, to: string): boolean {
  if (from === to || ALSO_ALLOWED.some(([a, b]) => a === from && b === to)) return true;
  const rank = (layer: string): number => LAYERS.findIndex((line) => line.includes(layer));
  return rank(from) >= 0 && rank(from) < rank(to);
}
