import type { PluginRef } from './messages.js';

/** How much of a limit a plugin uses. */
export interface LimitUse {
  limit: string;
  used: string;
  max: string;
  perSecond: string;
  limited: string;
  unit: string;
}

export interface PluginUsage {
  plugin: PluginRef | null;
  limits: LimitUse[];
}

export interface PluginUsageResponse {
  plugins: PluginUsage[];
}
