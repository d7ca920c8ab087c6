/**
 * Generates structured programs for the metering oracle: valid modules of a few functions with everything that control flow can
 * do. A program ends by itself: loops count down at their header, and calls count down a global.
 */
import { Scratch } from '../../src/wasm/fuel/scratch.js';
import { OP } from '../../src/wasm/instructions.js';
import { type Features, HOST_SIGNATURES, type Signature } from './fuel-surroundings.js';
import type { Random } from './random.js';

const I32 = 0x7f;
const I64 = 0x7e;
const F32 = 0x7d;
const F64 = 0x7c;
const TYPES = [I32, I32, I32, I64, I64, F32, F64] as const;

interface Label {
  /** What a branch to it takes along. */
  readonly types: readonly number[];
  /** Branches to it would not end the program. */
  readonly loops: boolean;
}

export interface GeneratedProgram {
  readonly bytes: Uint8Array;
  /** Exported functions with the types of their parameters. */
  readonly exports: readonly { readonly name: string; readonly params: readonly number[] }[];
}

const PAGE_MASK = 0xffff;
/** Global 0: how many more calls may be nested. Global 1 and 2 are the program's. */
const CALL_DEPTH = 4;

export function generateProgram(random: Random, features: Features): GeneratedProgram {
  return new Generator(random, features).generate();
}

class Generator {
  readonly #random: Random;
  readonly #features: Features;
  readonly #types: Signature[] = [];
  readonly #signatures: Signature[] = [];
  #code = new Scratch(4_096);
  #labels: Label[] = [];
  #locals: number[] = [];
  #signature: Signature = { params: [], results: [] };
  /** Nesting that may still be used, so that programs stay small. */
  #room = 0;
  #loopsInside = 0;

  constructor(random: Random, features: Features) {
    this.#random = random;
    this.#features = features;
  }

  generate(): GeneratedProgram {
    const functions = 2 + this.#random.below(5);
    const defined = Array.from({ length: functions }, () => this.#anySignature());
    this.#signatures.push(...HOST_SIGNATURES, ...defined);
    for (const signature of this.#signatures) this.#typeIndex(signature);
    this.#typeIndex({ params: [I32], results: [] });
    const bodies = defined.map((signature) => this.#body(signature));
    const hasTag = this.#features.legacyExceptions || this.#features.exceptionReferences;
    const hasStart = this.#random.once(6) ? defined.findIndex((s) => s.params.length + s.results.length === 0) : -1;
    return {
      bytes: this.#assemble(bodies, hasTag, hasStart),
      exports: defined.map((signature, index) => ({ name: `e${index}`, params: signature.params })),
    };
  }

  #anySignature(): Signature {
    const some = (most: number): number[] =>
      Array.from({ length: this.#random.below(most + 1) }, () => this.#anyType());
    return { params: some(3), results: some(this.#random.once(3) ? 3 : 1) };
  }

  #anyType(): number {
    return this.#random.pick(TYPES);
  }

  #typeIndex(signature: Signature): number {
    const same = (other: Signature): boolean =>
      other.params.join() === signature.params.join() && other.results.join() === signature.results.join();
    const found = this.#types.findIndex(same);
    if (found >= 0) return found;
    this.#types.push(signature);
    return this.#types.length - 1;
  }

  #body(signature: Signature): Uint8Array {
    this.#code = new Scratch(4_096);
    this.#signature = signature;
    const declared = Array.from({ length: this.#random.below(6) }, () => this.#anyType());
    this.#loopsInside = 0;
    const spare = [I32, I64, F32, F64];
    // Then three for nested loops' counters.
    this.#locals = [...signature.params, ...declared, ...spare, I32, I32, I32];
    this.#labels = [{ types: signature.results, loops: false }];
    this.#room = 14 + this.#random.below(40);
    this.#statements(4);
    for (const type of signature.results) this.#expression(type, 3);
    const body = new Scratch(this.#code.length + 64);
    const locals = this.#locals.slice(signature.params.length);
    body.u32(locals.length);
    for (const type of locals) body.op(1, type);
    body.copy(this.#code.bytes, 0, this.#code.length);
    body.u8(OP.end);
    return Uint8Array.from(body.finish());
  }

  // Statements leave the operand stack as it was.

  #statements(depth: number): void {
    for (let left = 1 + this.#random.below(4); left > 0; left--) this.#statement(depth);
  }

  #statement(depth: number): void {
    this.#room--;
    if (depth <= 0 || this.#room <= 0) return this.#simple();
    const choices: (() => void)[] = [
      () => this.#simple(),
      () => this.#simple(),
      () => this.#ifStatement(depth),
      () => this.#ifStatement(depth),
      () => this.#block(depth),
      () => this.#block(depth),
      () => this.#loop(depth),
      () => this.#loop(depth),
      () => this.#branch(depth),
      () => this.#conditionalBranch(),
      () => this.#conditionalBranch(),
      () => this.#branchTable(depth),
      () => this.#callStatement(),
      () => this.#callStatement(),
      () => this.#typedBlock(depth),
      () => this.#exceptions(depth),
      () => this.#departure(),
    ];
    this.#random.pick(choices)();
  }

  #simple(): void {
    const code = this.#code;
    switch (this.#random.below(12)) {
      case 0:
      case 1:
      case 2: {
        const local = this.#anyLocal();
        this.#expression(this.#locals[local] as number, 2);
        return code.op(OP.localSet, local);
      }
      case 3:
        this.#address();
        this.#expression(I32, 2);
        return this.#memoryArgument(0x36);
      case 4:
        this.#expression(this.#anyType(), 2);
        return code.u8(0x1a);
      case 5:
        this.#expression(I32, 2);
        return code.op(OP.globalSet, 1);
      case 6:
        return this.#hostCall();
      case 7:
        return this.#bulk();
      case 8:
        code.u8(OP.i32Const);
        code.signed(this.#random.below(3));
        code.op(OP.memoryGrow, 0);
        return code.u8(0x1a);
      case 9:
        if (this.#random.once(12)) this.#leave();
        return;
      default:
        return code.u8(0x01);
    }
  }

  /** A local that no loop counts with. */
  #anyLocal(): number {
    return this.#random.below(this.#locals.length - 3);
  }

  #address(): void {
    this.#expression(I32, 1);
    if (this.#random.once(60)) return;
    this.#code.u8(OP.i32Const);
    this.#code.signed(PAGE_MASK - 15);
    this.#code.u8(0x71);
  }

  #memoryArgument(opcode: number): void {
    this.#code.u8(opcode);
    this.#code.op(0, this.#random.below(8));
  }

  #bulk(): void {
    const code = this.#code;
    this.#address();
    if (this.#random.once(2)) this.#expression(I32, 0);
    else this.#address();
    code.u8(OP.i32Const);
    code.signed(this.#random.once(25) ? -1 : this.#random.below(300));
    code.u8(0xfc);
    if (this.#random.once(2)) code.op(11, 0);
    else {
      code.op(10, 0);
      code.u8(0);
    }
  }

  #leave(): void {
    const code = this.#code;
    if (this.#random.once(3)) return code.u8(OP.unreachable);
    for (const type of this.#signature.results) this.#expression(type, 1);
    code.u8(OP.return);
    // Code that cannot be reached, to be left out.
    if (this.#random.once(2)) this.#conditionalBranch();
  }

  /** A way that is seldom gone: a call, and then out of the function. */
  #departure(): void {
    this.#code.op(OP.block, 0x40);
    this.#inLabel({ types: [], loops: false }, () => {
      this.#expression(I32, 2);
      this.#code.op(OP.brIf, 0);
      this.#callStatement();
      this.#leave();
    });
    this.#code.u8(OP.end);
  }

  #inLabel(label: Label, write: () => void): void {
    this.#labels.push(label);
    write();
    this.#labels.pop();
  }

  #ifStatement(depth: number): void {
    const code = this.#code;
    this.#expression(I32, 2);
    code.op(OP.if, 0x40);
    this.#inLabel({ types: [], loops: false }, () => {
      this.#statements(depth - 1);
      if (this.#random.once(2)) return;
      code.u8(OP.else);
      if (!this.#random.once(5)) this.#statements(depth - 1);
    });
    code.u8(OP.end);
  }

  #block(depth: number): void {
    const code = this.#code;
    code.op(OP.block, 0x40);
    this.#inLabel({ types: [], loops: false }, () => this.#statements(depth - 1));
    code.u8(OP.end);
  }

  /** A block with results that takes parameters now and then; the results end up in locals. */
  #typedBlock(depth: number): void {
    const code = this.#code;
    const results = Array.from({ length: 1 + this.#random.below(3) }, () => this.#anyType());
    const params = this.#random.once(3) ? [this.#anyType()] : [];
    for (const type of params) this.#expression(type, 1);
    code.u8(OP.block);
    code.signed(this.#typeIndex({ params, results }));
    this.#inLabel({ types: results, loops: false }, () => {
      for (const type of params) code.op(OP.localSet, this.#spare(type));
      this.#statements(depth - 1);
      for (const type of results) this.#expression(type, 2);
      if (this.#random.once(3)) {
        this.#expression(I32, 1);
        code.op(OP.brIf, 0);
      }
      if (this.#random.once(6)) code.op(OP.br, 0);
    });
    code.u8(OP.end);
    for (const type of results.toReversed()) code.op(OP.localSet, this.#spare(type));
  }

  #spare(type: number): number {
    return this.#locals.length - 7 + [I32, I64, F32, F64].indexOf(type);
  }

  /** block loop (br_if 1 (i32.eqz counter)) (counter -= 1) … (br 0) end end */
  #loop(depth: number): void {
    if (this.#loopsInside >= 3) return this.#simple();
    const code = this.#code;
    const counter = this.#locals.length - 3 + this.#loopsInside;
    this.#loopsInside++;
    code.u8(OP.i32Const);
    code.signed(1 + this.#random.below(9));
    code.op(OP.localSet, counter);
    const wide = this.#random.once(4);
    code.op(OP.block, 0x40);
    this.#labels.push({ types: [], loops: false });
    if (wide) this.#expression(I64, 1);
    code.u8(OP.loop);
    if (wide) code.signed(this.#typeIndex({ params: [I64], results: [] }));
    else code.u8(0x40);
    this.#labels.push({ types: wide ? [I64] : [], loops: true });
    if (wide) code.op(OP.localSet, this.#spare(I64));
    code.op(OP.localGet, counter);
    code.u8(0x45);
    code.op(OP.brIf, 1);
    code.op(OP.localGet, counter);
    code.u8(OP.i32Const);
    code.u8(1);
    code.u8(0x6b);
    code.op(OP.localSet, counter);
    this.#statements(depth - 1);
    if (!this.#random.once(8)) {
      if (wide) this.#expression(I64, 1);
      if (this.#random.once(3)) {
        this.#expression(I32, 1);
        code.op(OP.brIf, 0);
        if (wide) code.u8(0x1a);
      } else code.op(OP.br, 0);
    }
    this.#labels.pop();
    code.u8(OP.end);
    this.#labels.pop();
    code.u8(OP.end);
    this.#loopsInside--;
  }

  #anyLabel(accepts: (label: Label) => boolean): number | undefined {
    const label = this.#random.below(this.#labels.length);
    const found = this.#labels[this.#labels.length - 1 - label] as Label;
    return accepts(found) ? label : undefined;
  }

  #labelAt(label: number): Label {
    return this.#labels[this.#labels.length - 1 - label] as Label;
  }

  #branch(depth: number): void {
    const label = this.#anyLabel(() => true);
    if (label === undefined || !this.#random.once(3)) return this.#conditionalBranch();
    for (const type of this.#labelAt(label).types) this.#expression(type, 1);
    this.#code.op(OP.br, label);
    if (this.#random.once(2)) this.#statements(depth - 2);
  }

  #conditionalBranch(): void {
    const label = this.#anyLabel(() => true);
    if (label === undefined) return;
    const { types } = this.#labelAt(label);
    for (const type of types) this.#expression(type, 1);
    this.#expression(I32, 2);
    this.#code.op(OP.brIf, label);
    for (const _ of types) this.#code.u8(0x1a);
  }

  #branchTable(depth: number): void {
    const code = this.#code;
    code.op(OP.block, 0x40);
    this.#inLabel({ types: [], loops: false }, () => {
      const plain = this.#labels.map((_, index) => index).filter((label) => this.#labelAt(label).types.length === 0);
      this.#statements(depth - 2);
      this.#expression(I32, 2);
      code.u8(OP.brTable);
      const count = this.#random.below(6);
      code.u32(count);
      for (let left = count; left >= 0; left--) code.u32(this.#random.pick(plain));
    });
    code.u8(OP.end);
  }

  /** if (depth > 0) { depth--; call; depth++ } */
  #callStatement(): void {
    const code = this.#code;
    const callee = HOST_SIGNATURES.length + this.#random.below(this.#signatures.length - HOST_SIGNATURES.length);
    const signature = this.#signatures[callee] as Signature;
    code.op(OP.globalGet, 0);
    code.op(OP.if, 0x40);
    this.#inLabel({ types: [], loops: false }, () => {
      this.#countCalls(0x6b);
      for (const type of signature.params) this.#expression(type, 1);
      const tail =
        this.#features.tailCalls && signature.results.join() === this.#signature.results.join() && this.#random.once(3);
      if (this.#random.once(3)) {
        code.u8(OP.i32Const);
        code.signed(this.#random.once(40) ? 999 : callee);
        code.u8(tail ? OP.returnCallIndirect : OP.callIndirect);
        code.u32(this.#typeIndex(signature));
        code.u32(0);
      } else code.op(tail ? OP.returnCall : OP.call, callee);
      if (tail) return;
      for (const type of signature.results.toReversed()) code.op(OP.localSet, this.#spare(type));
      this.#countCalls(0x6a);
    });
    code.u8(OP.end);
  }

  #countCalls(operation: number): void {
    const code = this.#code;
    code.op(OP.globalGet, 0);
    code.u8(OP.i32Const);
    code.u8(1);
    code.u8(operation);
    code.op(OP.globalSet, 0);
  }

  #hostCall(): void {
    const callee = this.#random.below(HOST_SIGNATURES.length);
    const signature = HOST_SIGNATURES[callee] as Signature;
    for (const type of signature.params) this.#expression(type, 1);
    if (this.#random.once(4)) {
      this.#code.u8(OP.i32Const);
      this.#code.signed(callee);
      this.#code.u8(OP.callIndirect);
      this.#code.u32(this.#typeIndex(signature));
      this.#code.u32(0);
    } else this.#code.op(OP.call, callee);
    for (const _ of signature.results) this.#code.u8(0x1a);
  }

  #exceptions(depth: number): void {
    const kinds: (() => void)[] = [];
    if (this.#features.legacyExceptions) kinds.push(() => this.#legacyTry(depth));
    if (this.#features.exceptionReferences) kinds.push(() => this.#tryTable(depth));
    if (kinds.length === 0) return this.#simple();
    if (this.#random.once(4)) {
      this.#expression(I32, 1);
      return this.#code.op(OP.throw, 0);
    }
    this.#random.pick(kinds)();
  }

  #legacyTry(depth: number): void {
    const code = this.#code;
    code.op(OP.try, 0x40);
    const label: Label = { types: [], loops: false };
    this.#inLabel(label, () => this.#statements(depth - 1));
    if (this.#random.once(4)) return code.op(OP.delegate, this.#labels.length - 1);
    const caught = this.#random.below(3);
    if (caught !== 0) {
      code.op(OP.catch, 0);
      code.op(OP.localSet, this.#spare(I32));
      this.#inLabel(label, () => this.#statements(depth - 2));
    }
    if (caught !== 1) {
      code.u8(OP.catchAll);
      this.#inLabel(label, () => this.#statements(depth - 2));
      if (this.#random.once(4)) code.op(OP.rethrow, 0);
    }
    code.u8(OP.end);
  }

  /** block (result i32) … try_table (catch 0 0) … end (i32.const) end */
  #tryTable(depth: number): void {
    const code = this.#code;
    const all = this.#random.once(2);
    code.u8(OP.block);
    code.u8(all ? 0x40 : I32);
    this.#inLabel({ types: all ? [] : [I32], loops: false }, () => {
      if (this.#random.once(2)) this.#conditionalBranch();
      code.op(OP.tryTable, 0x40);
      code.u32(1);
      if (all) code.op(2, 0);
      else {
        code.op(0, 0);
        code.u32(0);
      }
      this.#inLabel({ types: [], loops: false }, () => this.#statements(depth - 1));
      code.u8(OP.end);
      if (!all) this.#expression(I32, 1);
    });
    code.u8(OP.end);
    if (!all) code.op(OP.localSet, this.#spare(I32));
  }

  // Expressions push one value.

  #expression(type: number, depth: number): void {
    const code = this.#code;
    this.#room--;
    if (depth > 0 && this.#room > 0 && this.#random.once(8)) return this.#structuredExpression(type, depth);
    const same = this.#locals.flatMap((local, index) => (local === type ? [index] : []));
    const choice = this.#random.below(depth > 0 ? 6 : 3);
    if (choice < 2 && same.length > 0) return code.op(OP.localGet, this.#random.pick(same));
    if (choice <= 2) return this.#constant(type);
    if (type === I32) return this.#integerExpression(depth);
    if (type === I64) {
      this.#expression(I64, depth - 1);
      this.#expression(I64, depth - 1);
      return code.u8(this.#random.pick([0x7c, 0x7d, 0x7e, 0x83, 0x84, 0x85, 0x86, 0x88]));
    }
    this.#expression(type, depth - 1);
    this.#expression(type, depth - 1);
    code.u8(this.#random.pick(type === F32 ? [0x92, 0x93, 0x94, 0x96, 0x97] : [0xa0, 0xa1, 0xa2, 0xa4, 0xa5]));
  }

  #integerExpression(depth: number): void {
    const code = this.#code;
    switch (this.#random.below(9)) {
      case 0:
        this.#address();
        return this.#memoryArgument(this.#random.pick([0x28, 0x2c, 0x2d, 0x2f]));
      case 1:
        return code.op(OP.globalGet, this.#random.pick([1, 1, 2]));
      case 2:
        this.#expression(F64, depth - 1);
        this.#expression(F64, depth - 1);
        return code.u8(this.#random.pick([0x61, 0x63, 0x66]));
      case 3:
        this.#expression(I64, depth - 1);
        return code.u8(this.#random.pick([0xa7, 0x50]));
      case 4:
        if (!this.#random.once(10)) break;
        this.#expression(I32, depth - 1);
        this.#expression(I32, depth - 1);
        return code.u8(this.#random.pick([0x6d, 0x6f]));
      case 5:
        this.#expression(I32, depth - 1);
        return code.u8(this.#random.pick([0x45, 0x67, 0x69]));
    }
    this.#expression(I32, depth - 1);
    this.#expression(I32, depth - 1);
    code.u8(this.#random.pick([0x6a, 0x6b, 0x6c, 0x71, 0x72, 0x73, 0x74, 0x76, 0x46, 0x48, 0x4d]));
  }

  #constant(type: number): void {
    const code = this.#code;
    switch (type) {
      case I32:
        code.u8(OP.i32Const);
        return code.signed(this.#random.pick([0, 1, 2, 3, 7, 100, -1, 65_536, this.#random.next() | 0]));
      case I64:
        code.u8(OP.i64Const);
        return code.signed(this.#random.pick([0, 1, -1, 5, 2 ** 40, this.#random.next()]));
      default: {
        const bytes = new Uint8Array(type === F32 ? 4 : 8);
        const view = new DataView(bytes.buffer);
        const value = this.#random.pick([0, 1, -1.5, 3.25, 1e10]);
        if (type === F32) view.setFloat32(0, value, true);
        else view.setFloat64(0, value, true);
        code.u8(type === F32 ? 0x43 : 0x44);
        return code.copy(bytes, 0, bytes.length);
      }
    }
  }

  /** Control flow with operands lying below it. */
  #structuredExpression(type: number, depth: number): void {
    const code = this.#code;
    if (this.#random.once(2)) {
      this.#expression(I32, depth - 1);
      code.op(OP.if, type);
      this.#inLabel({ types: [type], loops: false }, () => {
        if (this.#random.once(2)) this.#statement(1);
        this.#expression(type, depth - 1);
        code.u8(OP.else);
        this.#expression(type, depth - 1);
      });
      return code.u8(OP.end);
    }
    code.op(OP.block, type);
    this.#inLabel({ types: [type], loops: false }, () => {
      this.#statement(1);
      this.#expression(type, depth - 1);
      if (!this.#random.once(2)) return;
      this.#expression(I32, 0);
      code.op(OP.brIf, 0);
    });
    code.u8(OP.end);
  }

  // The module

  #assemble(bodies: readonly Uint8Array[], hasTag: boolean, start: number): Uint8Array {
    const out = new Scratch(8_192);
    const magic = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    out.copy(magic, 0, 8);
    const imports = HOST_SIGNATURES.length;
    const exceptionType = this.#typeIndex({ params: [I32], results: [] });
    const section = (id: number, write: (content: Scratch) => void): void => {
      const content = new Scratch(256);
      write(content);
      out.op(id, content.length);
      out.copy(content.bytes, 0, content.length);
    };
    section(1, (s) => {
      s.u32(this.#types.length);
      for (const { params, results } of this.#types) {
        s.op(0x60, params.length);
        for (const type of params) s.u8(type);
        s.u32(results.length);
        for (const type of results) s.u8(type);
      }
    });
    section(2, (s) => {
      s.u32(imports);
      HOST_SIGNATURES.forEach((signature, index) => {
        writeName(s, 'host');
        writeName(s, `f${index}`);
        s.op(0, this.#typeIndex(signature));
      });
    });
    section(3, (s) => {
      s.u32(bodies.length);
      for (const signature of this.#signatures.slice(imports)) s.u32(this.#typeIndex(signature));
    });
    section(4, (s) => {
      s.op(1, 0x70);
      s.op(0, this.#signatures.length + 2);
    });
    section(5, (s) => {
      s.op(1, 1);
      s.op(1, 3);
    });
    if (hasTag) {
      section(13, (s) => {
        s.op(1, 0);
        s.u32(exceptionType);
      });
    }
    section(6, (s) => {
      s.u32(3);
      for (const value of [CALL_DEPTH, 5, 1_000]) {
        s.op(I32, 1);
        s.u8(OP.i32Const);
        s.signed(value);
        s.u8(OP.end);
      }
    });
    section(7, (s) => {
      s.u32(bodies.length + 2);
      bodies.forEach((_, index) => {
        writeName(s, `e${index}`);
        s.op(0, imports + index);
      });
      writeName(s, 'memory');
      s.op(2, 0);
      writeName(s, 'global');
      s.op(3, 1);
    });
    if (start >= 0) section(8, (s) => s.u32(imports + start));
    section(9, (s) => {
      s.op(1, 0);
      s.op(OP.i32Const, 0);
      s.op(OP.end, this.#signatures.length);
      for (let index = 0; index < this.#signatures.length; index++) s.u32(index);
    });
    section(10, (s) => {
      s.u32(bodies.length);
      for (const body of bodies) {
        s.u32(body.length);
        s.copy(body, 0, body.length);
      }
    });
    return Uint8Array.from(out.finish());
  }
}

function writeName(out: Scratch, name: string): void {
  const bytes = new TextEncoder().encode(name);
  out.u32(bytes.length);
  out.copy(bytes, 0, bytes.length);
}
