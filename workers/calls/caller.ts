import type { BindMessage } from '../../src/protocol/bind.js';
import type { IncomingCall } from '../../src/protocol/calls.js';
import { monotonicMs } from '../../src/protocol/monotonic.js';
import { hostOutcome, type NumberedOutcome, type Outcome } from '../../src/protocol/outcomes.js';
import { type Guest, OutOfFuel } from '../abi/guest.js';
import { Backtraces } from './backtrace.js';
import { describeFault } from './fault.js';
import { RequestRefused } from './refused.js';
import { callSignal } from './signal.js';
import { callTool, ToolTable } from './tool.js';

/** What a call gives when the guest answered; `failed` for an error of its own. */
export interface Answer {
  failed: boolean;
  /** Encoded fields of a PluginResult. */
  body: Uint8Array;
}

/** How a call ended, without what it used. */
type Ending = Pick<Outcome, 'type' | 'limit' | 'dead' | 'body' | 'fuel'>;

const encoder = new TextEncoder();

/** There is no guest any more to look into: its last instructions, or the copy of its answer, were too much. */
const AT_ITS_END = ', as was found when the guest had returned and its answer was copied';

/** Decodes, validates, calls, encodes; every way in which a call can end becomes an outcome. */
export class Caller {
  readonly #guest: Guest;
  readonly #tools: ToolTable;
  readonly #memoryBound: number;
  readonly #pluginId: string;
  readonly #backtraces: Backtraces;
  readonly #logFault: (text: string) => void;
  readonly #wallMs: () => number;

  /**
   * @param logFault is told of faults of the server, which the caller does not get to see
   * @param wallMs the moment at which a call begins, since the Unix epoch
   */
  constructor(guest: Guest, binding: BindMessage, logFault: (text: string) => void, wallMs: () => number = Date.now) {
    this.#wallMs = wallMs;
    this.#guest = guest;
    this.#tools = new ToolTable(binding.tools);
    this.#memoryBound = binding.limits.memoryBytes;
    this.#pluginId = binding.plugin.id;
    this.#logFault = logFault;
    this.#backtraces = new Backtraces(binding.module);
  }

  call(call: IncomingCall, startedMs: number): NumberedOutcome {
    const memoryBefore = this.#guest.memoryBytes;
    const { type, limit, dead, body, fuel } = this.#outcome(call, startedMs);
    const memoryBytes = this.#guest.memoryBytes;
    return {
      number: call.number,
      type,
      limit,
      dead,
      body,
      guestTimeUs: Math.round((monotonicMs() - startedMs) * 1000),
      memoryBytes,
      memoryGrowthBytes: memoryBytes - memoryBefore,
      fuel,
    };
  }

  #outcome(call: IncomingCall, nowMs: number): Ending {
    if (nowMs >= call.deadlineMs) {
      return hostOutcome('limit', 'TIMEOUT', 'the deadline passed before the call started', { limit: 'deadline' });
    }
    try {
      this.#guest.beginCall(this.#wallMs(), call.fuel, call.withheld);
      const answer =
        call.kind === 'signal' ? callSignal(this.#guest, call.bytes) : callTool(this.#guest, this.#tools, call.bytes);
      if (this.#guest.outOfFuel) throw new OutOfFuel(AT_ITS_END);
      return answered(answer, this.#guest.fuelUsed);
    } catch (error) {
      if (error instanceof RequestRefused) return refused(error);
      return this.#failed(error, call.fuel);
    }
  }

  /** What was used is exact where the guest's counter is, else the most that it can be. */
  #failed(error: unknown, budget: number): Ending {
    const guest = this.#guest;
    const fault = describeFault(error, { guest, memoryFull: guest.memoryBytes >= this.#memoryBound });
    if (fault.internal !== undefined) this.#logFault(fault.internal);
    const fuel = fault.report?.usedAtMost ?? guest.fuelUsed;
    const code = fault.type === 'limit' ? 'RESOURCE_EXHAUSTED' : 'INTERNAL_ERROR';
    const usage = fault.limit === 'fuel' ? { limit: budget, used: fuel, plugin: this.#pluginId } : {};
    const backtrace = this.#backtraces.of(fault.report ?? fault.hostCall);
    const details = JSON.stringify(backtrace === undefined ? usage : { ...usage, backtrace });
    const { body } = hostOutcome(fault.type, code, fault.message, details === '{}' ? {} : { details });
    return { type: fault.type, limit: fault.limit, dead: true, body, fuel };
  }
}

function answered({ failed, body }: Answer, fuel: number | undefined): Ending {
  return { type: failed ? 'plugin-error' : 'ok', limit: 'none', dead: false, body, fuel };
}

/** The body of a refusal is its message, for the gRPC status. */
function refused(error: RequestRefused): Ending {
  return { type: 'refused', limit: 'none', dead: false, body: encoder.encode(error.message), fuel: undefined };
}
