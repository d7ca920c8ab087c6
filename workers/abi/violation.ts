/** What ends an instance from the host's side. After any of these no guest code of the instance runs again. */

/** The guest did something that the contract, or the canonical ABI, forbids. */
export class GuestViolation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GuestViolation';
  }
}

/** The guest returned, or handed to a host call, more than it may. */
export class OutputLimitExceeded extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'OutputLimitExceeded';
  }
}

/** The guest has no fuel left. */
export class OutOfFuel extends Error {
  /** @param where it was found, where no frame of the guest can say it */
  constructor(where = '') {
    super(`the call used up its fuel${where}`);
    this.name = 'OutOfFuel';
  }
}

/** The guest called WASI's `proc_exit`. */
export class GuestExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`the guest ended itself with exit code ${code}`);
    this.name = 'GuestExit';
    this.code = code;
  }
}
