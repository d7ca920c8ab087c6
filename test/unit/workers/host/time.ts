/** A clock that a test moves. */
export class Time {
  ms = 0;
  readonly now = (): number => this.ms;
}
