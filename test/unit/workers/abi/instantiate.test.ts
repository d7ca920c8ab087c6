import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { describe, expect, it } from 'vitest';
import { EXPORTS } from '../../../../workers/abi/generated/index.js';
import { GuestViolation, instantiate } from '../../../../workers/abi/guest.js';
import { BOUNDS, coreModule, emptyServices, guestOf, moduleOf, NO_GRANTS, utf8 } from './wat-guest.js';

async function instantiateText(wat: string, host = emptyServices()) {
  const module = new WebAssembly.Module(await parse(wat));
  return instantiate(module, { exports: [], bounds: BOUNDS, grants: NO_GRANTS, host });
}

const importing = (module: string, name: string, what = '(func)') =>
  `(module (import "${module}" "${name}" ${what}) (memory (export "memory") 1))`;

import type { HostServices } from '../../../../workers/abi/host-services.js';

describe('instantiate', () => {
  it.each([
    ['an unknown module', 'hal9:plugin/unknown@0.1.0', 'x'],
    ['another version of an interface', 'hal9:plugin/logging@0.2.0', 'log'],
    ['an exported interface', coreModule('neuron'), 'process'],
    ['a function that an interface lacks', coreModule('logging'), 'shout'],
    ['what every object has', coreModule('logging'), 'constructor'],
    ['a prototype', coreModule('logging'), '__proto__'],
    ['a module named as a prototype', '__proto__', 'x'],
    ['a module named as what every object has', 'constructor', 'x'],
    ['a function that preview 1 lacks', 'wasi_snapshot_preview1', 'toString'],
    ['code in a module name', "x': (globalThis.PWNED = 1), 'y", 'f'],
    ['code in a field name', coreModule('logging'), "'](globalThis.PWNED = 1)['"],
  ])('refuses %s', async (_, module, name) => {
    await expect(instantiateText(importing(module, name))).rejects.toThrow(/the host offers no function/);
    expect('PWNED' in globalThis).toBe(false);
  });

  it.each(['(memory 1)', '(table 1 funcref)', '(global i32)', '(global (mut i64))'])(
    'refuses an imported %s',
    async (what) => {
      const wat = `(module (import "${coreModule('logging')}" "log" ${what}))`;
      await expect(instantiateText(wat)).rejects.toThrow(/the host offers no (memory|table|global)/);
    },
  );

  it('refuses an interface that no service answers', async () => {
    const wat = importing(coreModule('plugins'), 'call-tool', '(func (param i32 i32 i32 i32 i32 i32 i32))');
    const { plugins: _, ...rest } = emptyServices();
    await expect(instantiateText(wat, rest as HostServices)).rejects.toThrow(/offers no function "call-tool"/);
  });

  it('leaves our names with another core signature to the check that comes before', async () => {
    const wat = importing(coreModule('clock'), 'now', '(func (param i32 i32))');
    // V8 adapts a JavaScript function to any signature: the core types are checked when the module is prepared.
    const guest = await instantiateText(wat);
    expect(guest.memoryBytes).toBe(65_536);
  });

  it('refuses a module without a memory', async () => {
    await expect(instantiateText('(module)')).rejects.toThrow(/exports no memory/);
  });

  it('refuses to bind an interface that the module does not export whole', async () => {
    const module = await moduleOf({ exports: ['tools'] });
    const options = { exports: ['neuron'], bounds: BOUNDS, grants: NO_GRANTS, host: emptyServices() };
    expect(() => instantiate(module, options)).toThrow(/exports no function "hal9:plugin\/neuron@0.1.0#process"/);
  });

  it('refuses to bind an interface that the contract does not have', async () => {
    const module = await moduleOf({});
    const options = { exports: ['__proto__'], bounds: BOUNDS, grants: NO_GRANTS, host: emptyServices() };
    expect(() => instantiate(module, options)).toThrow(GuestViolation);
  });

  it('binds the interfaces that it was asked for, and no others', async () => {
    const guest = await guestOf({ exports: ['tools', 'learning'] });
    expect(
      Object.keys(guest)
        .filter((name) => EXPORTS.has(name))
        .sort(),
    ).toEqual(['learning', 'tools']);
    expect(guest.neuron).toBeUndefined();
  });

  it('calls _initialize, which may call the host', async () => {
    const lines: string[] = [];
    const logging = { log: (_level: number, text: Uint8Array) => void lines.push(Buffer.from(text).toString()) };
    const initialize = '(call $logging.log (i32.const 0) (i32.const 4096) (i32.const 2))';
    await guestOf({ imports: ['logging.log'], initialize, data: [[4_096, utf8('up')]] }, emptyServices({ logging }));
    expect(lines).toEqual(['up']);
  });

  it('refuses a host call from a start function, when the memory is not known', async () => {
    const wat = `(module (import "${coreModule('logging')}" "log" (func $log (param i32 i32 i32)))
      (memory (export "memory") 1) (start $go)
      (func $go (call $log (i32.const 0) (i32.const 0) (i32.const 1))))`;
    await expect(instantiateText(wat)).rejects.toThrow(/before the module was set up/);
  });

  it('refuses an instance whose start function caught that refusal', async () => {
    const wat = `(module (import "${coreModule('logging')}" "log" (func $log (param i32 i32 i32)))
      (memory (export "memory") 1) (start $go)
      (func $go try (call $log (i32.const 0) (i32.const 0) (i32.const 1)) catch_all end))`;
    await expect(instantiateText(wat)).rejects.toThrow(/before the module was set up/);
  });
});
