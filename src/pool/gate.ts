/** Something to wait for that happens once. */
export class Gate {
  #open = false;
  #pass: () => void = () => {};

  open(): void {
    this.#open = true;
    this.#pass();
  }

  /** Resolves when the gate opens, or after `timeoutMs`. One waiter at a time. */
  wait(timeoutMs?: number): Promise<void> {
    if (this.#open) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs);
      this.#pass = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
