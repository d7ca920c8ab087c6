import type { BindMessage } from '../../src/protocol/bind.js';
import type { IncomingCall } from '../../src/protocol/calls.js';
import { monotonicMs } from '../../src/protocol/monotonic.js';
import { hostOutcome, type NumberedOutcome, type Outcome } from '../../src/protocol/outcomes.js';
import type { Guest } from '../abi/guest.js';
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
type Ending = Pick<Outcome, 'type' | 'limit' | 'dead' | 'body'>;

const encoder = new TextEncoder();

/** Decodes, validates, calls, encodes; every way in which a call can end becomes an outcome. */
export class Caller {
  readonly #guest: Guest;
  readonly #tools: ToolTable;
  readonly #memoryBound: number;

  constructor(guest: Guest, binding: BindMessage) {
    this.#guest = guest;
    this.#tools = new ToolTable(binding.tools);
    this.#memoryBound = binding.limits.memoryBytes;
  }

  call(call: IncomingCall, startedMs: number): NumberedOutcome {
    const memoryBefore = this.#guest.memoryBytes;
    const { type, limit, dead, body } = this.#outcome(call, startedMs);
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
      fuel: undefined,
    };
  }

  #outcome(call: IncomingCall, nowMs: number): Ending {
    if (nowMs >= call.deadlineMs) {
      return hostOutcome('limit', 'TIMEOUT', 'the deadline passed before the call started', { limit: 'deadline' });
    }
    try {
      this.#guest.beginCall(Date.now());
      const answer =
        call.kind === 'signal' ? callSignal(this.#guest, call.bytes) : callTool(this.#guest, this.#tools, call.bytes);
      return answered(answer);
    } catch (error) {
      if (error instanceof RequestRefused) return refused(error);
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Ending {
    const fault = describeFault(error, this.#guest.memoryBytes >= this.#memoryBound);
    const code = fault.type === 'limit' ? 'RESOURCE_EXHAUSTED' : 'INTERNAL_ERROR';
    return hostOutcome(fault.type, code, fault.message, { limit: fault.limit, dead: true });
  }
}

function answered({ failed, body }: Answer): Ending {
  return { type: failed ? 'plugin-error' : 'ok', limit: 'none', dead: false, body };
}

/** The body of a refusal is its message, for the gRPC status. */
function refused(error: RequestRefused): Ending {
  return { type: 'refused', limit: 'none', dead: false, body: encoder.encode(error.message) };
}
