/** A growing list of 32-bit integers: a function body of megabytes makes hundreds of thousands of them. */
export class IntList {
  data: Int32Array;
  length = 0;

  constructor(capacity = 256) {
    this.data = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.data.length) this.#grow(this.length + 1);
    this.data[this.length++] = value;
  }

  push2(first: number, second: number): void {
    if (this.length + 2 > this.data.length) this.#grow(this.length + 2);
    this.data[this.length++] = first;
    this.data[this.length++] = second;
  }

  push4(first: number, second: number, third: number, fourth: number): void {
    if (this.length + 4 > this.data.length) this.#grow(this.length + 4);
    const { data } = this;
    let at = this.length;
    data[at++] = first;
    data[at++] = second;
    data[at++] = third;
    data[at++] = fourth;
    this.length = at;
  }

  at(index: number): number {
    return this.data[index] as number;
  }

  #grow(needed: number): void {
    const grown = new Int32Array(Math.max(needed, this.data.length * 2));
    grown.set(this.data);
    this.data = grown;
  }
}
