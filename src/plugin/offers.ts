import type { Manifest, ToolParameter } from '../package/manifest.js';
import type { ToolDeclaration, ToolParameterDeclaration } from '../protocol/bind.js';
import type { NeuronOffer, ToolOffer } from './capability-registry.js';

/** The layers and types that a manifest registers its neuron for. */
export function neuronOffers(manifest: Manifest): NeuronOffer[] {
  return manifest.metadata.capabilities.flatMap((capability) =>
    capability.type === 'NeuronType'
      ? [{ layer: Number(capability.config.layer.slice(1)), neuronType: capability.config.neuron_type }]
      : [],
  );
}

/** The tools that a manifest declares, as callers see them. */
export function toolOffers(manifest: Manifest): ToolOffer[] {
  return manifest.metadata.capabilities.flatMap((capability) =>
    capability.type === 'ToolProvider'
      ? [
          {
            name: capability.config.tool_name,
            description: capability.config.tool_description,
            parameters: capability.config.parameters.map((parameter) => ({
              ...declarationOf(parameter),
              description: parameter.description,
            })),
          },
        ]
      : [],
  );
}

/** The same tools as a worker needs them. */
export function toolDeclarations(manifest: Manifest): ToolDeclaration[] {
  return toolOffers(manifest).map(({ name, parameters }) => ({
    name,
    parameters: parameters.map(({ description: _, ...parameter }) => parameter),
  }));
}

function declarationOf({ name, param_type, required, default: value }: ToolParameter): ToolParameterDeclaration {
  const declaration = { name, type: param_type, required };
  return value === undefined ? declaration : { ...declaration, defaultValue: JSON.stringify(value) };
}
