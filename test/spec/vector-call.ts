/** Calls a function with vectors in its signature, which JavaScript cannot: through a little module that holds the arguments as constants. */
import { Scratch } from '../../src/wasm/fuel/scratch.js';
import { OP } from '../../src/wasm/instructions.js';
import type { Value } from './script.js';

const V128 = 0x7b;
/** Opcodes of the stores, by value type. */
const STORES: Readonly<Record<number, readonly number[]>> = {
  127: [0x36],
  126: [0x37],
  125: [0x38],
  124: [0x39],
  [V128]: [0xfd, 11],
};

/**
 * The results of a call, each as 16 bytes in hex; undefined where the signature has what cannot be stored.
 * @param params and results: value types as the binary writes them
 */
export function callWithVectors(
  callee: unknown,
  params: Uint8Array,
  results: Uint8Array,
  args: readonly Value[],
): string[] | undefined {
  if ([...params, ...results].some((type) => STORES[type] === undefined)) return undefined;
  const module = new WebAssembly.Module(wrapper(params, results, args));
  const instance = new WebAssembly.Instance(module, { m: { f: callee } });
  (instance.exports['run'] as () => void)();
  const memory = Buffer.from((instance.exports['memory'] as WebAssembly.Memory).buffer);
  return [...results].map((_, index) => memory.subarray(index * 16, index * 16 + 16).toString('hex'));
}

function wrapper(params: Uint8Array, results: Uint8Array, args: readonly Value[]): Uint8Array {
  const out = new Scratch(512);
  out.copy(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), 0, 8);
  const section = (id: number, write: (content: Scratch) => void): void => {
    const content = new Scratch(256);
    write(content);
    out.op(id, content.length);
    out.copy(content.bytes, 0, content.length);
  };
  section(1, (s) => {
    s.op(2, 0x60);
    s.u32(params.length);
    s.copy(params, 0, params.length);
    s.u32(results.length);
    s.copy(results, 0, results.length);
    s.op(0x60, 0);
    s.u8(0);
  });
  section(2, (s) => s.copy(Uint8Array.of(1, 1, 0x6d, 1, 0x66, 0, 0), 0, 7));
  section(3, (s) => s.op(1, 1));
  section(5, (s) => s.copy(Uint8Array.of(1, 0, 1), 0, 3));
  section(7, (s) => {
    s.u32(2);
    s.op(3, 0x72);
    s.copy(Uint8Array.of(0x75, 0x6e, 0, 1), 0, 4);
    s.u32(6);
    s.copy(new TextEncoder().encode('memory'), 0, 6);
    s.op(2, 0);
  });
  section(10, (s) => {
    const body = new Scratch(256);
    body.u32(results.length);
    for (const type of results) body.op(1, type);
    for (const arg of args) writeConstant(body, arg);
    body.op(OP.call, 0);
    for (let index = results.length - 1; index >= 0; index--) body.op(OP.localSet, index);
    results.forEach((type, index) => {
      body.op(OP.i32Const, 0);
      body.op(OP.localGet, index);
      for (const byte of STORES[type] as readonly number[]) body.u8(byte);
      body.op(0, index * 16);
    });
    body.u8(OP.end);
    s.op(1, body.length);
    s.copy(body.bytes, 0, body.length);
  });
  return out.finish();
}

function writeConstant(body: Scratch, [type, text]: Value): void {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(type === 'v128' ? 0n : BigInt(text as string));
  switch (type) {
    case 'i32':
      body.u8(OP.i32Const);
      return body.signed(bytes.readInt32LE());
    case 'i64':
      // Through the bits of a float, as constants of 64 bits pass the safe integers.
      body.u8(0x44);
      body.copy(bytes, 0, 8);
      return body.u8(0xbd);
    case 'f32':
      body.u8(0x43);
      return body.copy(bytes, 0, 4);
    case 'f64':
      body.u8(0x44);
      return body.copy(bytes, 0, 8);
    default:
      body.op(0xfd, 12);
      return body.copy(Buffer.from(text as string, 'hex'), 0, 16);
  }
}
