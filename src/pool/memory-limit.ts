import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

const CGROUP_FILES = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

/**
 * The memory that this process may use, in bytes: the cgroup's limit (version 2, then 1) where one is set below the
 * machine's memory, else the machine's memory.
 */
export function processMemoryLimit(): number {
  for (const file of CGROUP_FILES) {
    const limit = readLimit(file);
    if (limit !== undefined) return Math.min(limit, totalmem());
  }
  return totalmem();
}

function readLimit(file: string): number | undefined {
  try {
    const limit = Number(readFileSync(file, 'utf8').trim());
    return Number.isSafeInteger(limit) && limit > 0 ? limit : undefined;
  } catch {
    return undefined;
  }
}
