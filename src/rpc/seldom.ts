/** Makes an event that may come in floods known at once, and then at intervals, with how often it has happened since. */
export function seldom(intervalMs: number, tell: (count: number) => void): () => void {
  let lastMs = -Infinity;
  let count = 0;
  return () => {
    count++;
    const nowMs = performance.now();
    if (nowMs - lastMs < intervalMs) return;
    tell(count);
    lastMs = nowMs;
    count = 0;
  };
}
