/** What a manifest says that a plugin offers, held against its module and against this server. */

import { HostError } from '../errors.js';
import type { Capability, Manifest } from '../package/manifest.js';
import { CONTRACT_PACKAGE, CONTRACT_VERSION } from '../protocol/contract.js';
import { IMPLEMENTED } from './implemented.js';

/** The interface that a module exports to offer a capability. */
const INTERFACE_FOR: Record<Capability['type'], string> = {
  NeuronType: 'neuron',
  ToolProvider: 'tools',
  MemoryProvider: 'memory-provider',
  LearningAlgorithm: 'learning',
  ApiExtension: 'api-extension',
};

/** @throws HostError NOT_IMPLEMENTED naming the interface that a capability needs and this server lacks */
export function checkCapabilitiesImplemented(manifest: Manifest): void {
  manifest.metadata.capabilities.forEach(({ type }, index) => {
    const name = INTERFACE_FOR[type];
    if (IMPLEMENTED.exports.has(name)) return;
    throw new HostError(
      'NOT_IMPLEMENTED',
      `metadata.capabilities[${index}]: ${type} needs the interface ${CONTRACT_PACKAGE}/${name}@${CONTRACT_VERSION}, which this version ` +
        'of the server does not implement yet',
      { details: { interface: name } },
    );
  });
}

/**
 * The interfaces that a module exports must be those that the capabilities need, and lifecycle if it likes.
 * @throws HostError MODULE_INVALID
 */
export function checkExportsFit(manifest: Manifest, exported: readonly string[]): void {
  const needed = new Set(manifest.metadata.capabilities.map(({ type }) => INTERFACE_FOR[type]));
  const missing = [...needed].filter((name) => !exported.includes(name));
  const surplus = exported.filter((name) => name !== 'lifecycle' && !needed.has(name));
  if (missing.length + surplus.length === 0) return;
  const faults: string[] = [];
  if (missing.length > 0) faults.push(`missing ${missing.join(', ')}`);
  if (surplus.length > 0) faults.push(`not declared ${surplus.join(', ')}`);
  throw new HostError(
    'MODULE_INVALID',
    `the module's exports do not fit metadata.capabilities: expected the interfaces ${[...needed].join(', ')}, found ` +
      `${exported.join(', ') || 'none'} (${faults.join('; ')})`,
  );
}
