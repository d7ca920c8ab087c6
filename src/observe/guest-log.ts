import type { LogMessage } from '../protocol/bind.js';
import type { Log } from './log.js';
import type { PluginMetrics } from './plugin-metrics.js';

/** Who asked for the call that wrote a line. */
export interface LineOrigin {
  requestId: string;
  traceId: string;
}

/** Takes what a worker sends; `originOf` finds the call by the number that its line carries. */
export type GuestLog = (message: LogMessage, originOf: (call: number) => LineOrigin | undefined) => void;

/**
 * Writes a guest's lines to the server's log, each with `source: "guest"`, the plugin, its version, and the request
 * and trace of the call that was running. What the worker dropped is counted, and said once per message; so is what all
 * workers of the plugin together send too much.
 *
 * @param admits whether there is room for another line of so many bytes, which it then takes; always by default
 */
export function guestLog(
  log: Log,
  plugin: { id: string; name: string; version: string },
  metrics: Pick<PluginMetrics, 'logDropped'>,
  admits: (bytes: number) => boolean = () => true,
): GuestLog {
  // Not a child of the log: that would keep the level of this moment.
  const own = { source: 'guest', plugin: plugin.name, version: plugin.version, pluginId: plugin.id };
  return (message, originOf) => {
    let [lines, bytes] = [message.droppedLines, message.droppedBytes];
    for (const line of message.lines) {
      const size = Buffer.byteLength(line.text);
      if (!admits(size)) {
        lines++;
        bytes += size;
        continue;
      }
      const origin = line.call === 0 ? undefined : originOf(line.call);
      log[line.level]({ ...own, ...fieldsOf(line.stream, origin) }, line.text);
    }
    if (lines > 0 || bytes > 0) metrics.logDropped(lines, bytes);
    if (lines > 0) log.warn({ ...own, lines, bytes }, 'log lines of the plugin were dropped');
  };
}

function fieldsOf(stream: string, origin: LineOrigin | undefined): Record<string, string> {
  const fields: Record<string, string> = { stream };
  if (origin?.requestId) fields['requestId'] = origin.requestId;
  if (origin?.traceId) fields['traceId'] = origin.traceId;
  return fields;
}
