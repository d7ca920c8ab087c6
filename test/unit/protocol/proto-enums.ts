import protobuf from 'protobufjs';

/** The enums of PluginResult as protobufjs reads them from the contract. */
export function loadDefinition(): { outcome: Record<string, number>; limit: Record<string, number> } {
  const root = protobuf.loadSync('proto/hal9/plugin/v1/signal.proto');
  const numbers = (name: string): Record<string, number> =>
    root.lookupEnum(`hal9.plugin.v1.PluginResult.${name}`).values;
  return { outcome: numbers('Outcome'), limit: numbers('Limit') };
}
