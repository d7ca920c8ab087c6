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
    const outcome = this.#outcome(call, startedMs);
    outcome.guestTimeUs = Math.round((monotonicMs() - startedMs) * 1000);
    outcome.memoryBytes = this.#guest.memoryBytes;
    outcome.memoryGrowthBytes = outcome.memoryBytes - memoryBefore;
    return Object.assign(outcome, { number: call.number });
  }

  #outcome(call: IncomingCall, nowMs: number): Outcome {
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

  #failed(error: unknown): Outcome {
    const fault = describeFault(error, this.#guest.memoryBytes >= this.#memoryBound);
    const code = fault.type === 'limit' ? 'RESOURCE_EXHAUSTED' : 'INTERNAL_ERROR';
    return hostOutcome(fault.type, code, fault.message, { limit: fault.limit, dead: true });
  }
}

function answered({ failed, body }: Answer): Outcome {
  const type = failed ? 'plugin-error' : 'ok';
  return {
    type,
    limit: 'none',
    dead: false,
    body,
    guestTimeUs: 0,
    memoryBytes: 0,
    memoryGrowthBytes: 0,
    fuel: undefined,
  };
}

/** The body of a refusal is its message, for the gRPC status. */
function refused(error: RequestRefused): Outcome {
  return { ...answered({ failed: false, body: encoder.encode(error.message) }), type: 'refused' };
}
