import { readdirSync, readFileSync } from 'node:fs';

/** Time on a processor, in microseconds: of a process's main thread, and of all its other threads together. */
export interface CpuTime {
  mainUs: number;
  othersUs: number;
}

/** Nanoseconds that a thread has run (Linux, proc(5): first field of schedstat); 0 for one that has just ended. */
function ranNs(pid: number, tid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}

/** The threads of a process, by id. */
export function threadsOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}

export function cpuTime(pid: number): CpuTime {
  let othersNs = 0;
  for (const tid of threadsOf(pid)) if (tid !== pid) othersNs += ranNs(pid, tid);
  return { mainUs: ranNs(pid, pid) / 1_000, othersUs: othersNs / 1_000 };
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
}
