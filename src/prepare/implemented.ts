/** Which interfaces of the contract this version of the server implements. The others are refused by name. */
export const IMPLEMENTED = {
  exports: new Set(['lifecycle', 'neuron', 'tools']),
  imports: new Set(['logging', 'config', 'clock', 'random', 'metrics', 'memory', 'http', 'signals', 'plugins']),
} as const;
