import { FUEL_EXPORTS } from '../../../../src/wasm/fuel/reserved.js';
import { connectHooks } from '../../../../src/wasm/profile/hooks.js';
import { instrument } from '../../../../src/wasm/profile/instrument.js';
import { Recorder } from '../../../../workers/profile/recorder.js';
import { type Call, describeValue, type HostMaker, HUGE_BUDGET } from '../../../fuel/oracle.js';

export interface ProfiledRun {
  /** As the oracle describes it. */
  outcome: string;
  used: number;
  /** Fuel by stack of function indexes, such as `0;3;4`. */
  stacks: Record<string, number>;
  /** Calls by stack. */
  calls: Record<string, number>;
}

/** Calls an export of the profiled module of a program. */
export function runProfiled(bytes: Uint8Array, call: Call, host: HostMaker, budget = HUGE_BUDGET): ProfiledRun {
  const { bytes: profiled, start } = instrument(bytes);
  const imports = host(
    () => undefined,
    () => instance,
  );
  const instance = new WebAssembly.Instance(new WebAssembly.Module(profiled), imports);
  const left = instance.exports[FUEL_EXPORTS.left] as WebAssembly.Global;
  const leftNow = (): number => Number(left.value as bigint);
  const recorder = new Recorder(() => {
    left.value = -(2n ** 62n);
  });
  connectHooks(instance.exports, recorder);
  left.value = BigInt(budget);
  recorder.begin(budget);
  let outcome: string;
  try {
    if (start !== undefined) (instance.exports[start] as () => void)();
    outcome = `value ${describeValue((instance.exports[call.name] as (...args: unknown[]) => unknown)(...call.args))}`;
  } catch (error) {
    outcome = error instanceof WebAssembly.RuntimeError ? `trap ${error.message}` : 'thrown exception';
  }
  recorder.end(leftNow());
  return { outcome, used: budget - leftNow(), ...byStack(recorder) };
}

function byStack(recorder: Recorder): Pick<ProfiledRun, 'stacks' | 'calls'> {
  const { functions, parents, self, calls } = recorder.tree();
  const names: string[] = [];
  const found: Pick<ProfiledRun, 'stacks' | 'calls'> = { stacks: {}, calls: {} };
  functions.forEach((index, node) => {
    const parent = names[parents[node] as number] ?? '';
    const name = node === 0 ? '' : `${parent === '' ? '' : `${parent};`}${index}`;
    names.push(name);
    if (self[node] !== 0) found.stacks[name] = self[node] as number;
    if (calls[node] !== 0) found.calls[name] = calls[node] as number;
  });
  return found;
}
