/**
 * What is larger than it should be, and how large it may be. A number here only ever goes down: when a file or function
 * has become smaller, the test asks for the new number.
 */
export const MAX_FILE_LINES = 300;
/** A test is read case by case. */
export const MAX_TEST_FILE_LINES = 400;
export const LONG_FILES: Readonly<Record<string, number>> = {
  'src/wasm/fuel/shape.ts': 418,
  'src/wasm/instructions.ts': 340,
  'test/fuzz/fuel-programs.ts': 660,
};

export const MAX_FUNCTION_LINES = 70;
export const LONG_FUNCTIONS: Readonly<Record<string, number>> = {
  'src/wasm/fuel/body/code.ts#readInstructions': 85,
  'test/fuzz/fuel-programs.ts##assemble': 83,
};

/** A file may have become this much shorter before its number must follow. */
export const SLACK_LINES = 20;

/** What breaks the ratchet: larger than allowed, or so much smaller that the number must go down. */
export function checkRatchet(
  found: Readonly<Record<string, number>>,
  allowed: Readonly<Record<string, number>>,
  limit: number,
): string[] {
  const faults: string[] = [];
  for (const [name, lines] of Object.entries(found)) {
    const bound = allowed[name] ?? limit;
    if (lines > bound) faults.push(`${name} has ${lines} lines, ${bound} are allowed`);
  }
  for (const [name, bound] of Object.entries(allowed)) {
    const lines = found[name] ?? 0;
    if (lines + SLACK_LINES < bound)
      faults.push(`${name} has ${lines} lines: lower its number from ${bound}, or drop it`);
  }
  return faults;
}
