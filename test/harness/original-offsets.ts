/** Where functions of a module are when it traps, by the engine that runs it as it was built: function index and byte offset. */
export interface OriginalFrame {
  index: number;
  offset: number;
}

type Export = (...args: (number | bigint)[]) => unknown;

/** Frames of the trap that a call ends in, innermost first. */
export function originalFrames(
  wasm: Uint8Array,
  call: (exports: Record<string, Export>, memory: Uint8Array) => unknown,
): OriginalFrame[] {
  const module = new WebAssembly.Module(wasm.slice());
  const { exports } = new WebAssembly.Instance(module, nothingBehind(module));
  const { memory } = exports;
  const bytes = new Uint8Array(memory instanceof WebAssembly.Memory ? memory.buffer : new ArrayBuffer(0));
  try {
    call(exports as Record<string, Export>, bytes);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    const frames = String(error.stack).matchAll(/wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/gm);
    return [...frames].map(([, index, hex]) => ({ index: Number(index), offset: Number(`0x${hex}`) }));
  }
  throw new Error('it must trap');
}

/** A neuron's `process`, with one byte of content. */
export function processByte(content: string): Parameters<typeof originalFrames>[1] {
  return (exports, memory) => {
    memory[900] = content.charCodeAt(0);
    return exports['hal9:plugin/neuron@0.1.0#process']?.(0, 0, 0, 0, 2, 0, 0, 900, 1, 0, 0, 0n);
  };
}

/** Imports for a call that uses none. */
function nothingBehind(module: WebAssembly.Module): WebAssembly.Imports {
  const imports: Record<string, Record<string, () => number>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: () => 0 };
  }
  return imports;
}
