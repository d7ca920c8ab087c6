import { type AccessFile, type Role, readAccessFile } from '../config/access-file.js';
import { HostError } from '../errors.js';
import { AccessList, type Credentials, type Principal, type Unknown } from './access-list.js';
import type { Denials } from './denials.js';

const NEXT_STEPS: Readonly<Record<Unknown, string>> = {
  no_credentials: 'send a token (metadata "authorization: Bearer TOKEN") or connect with a client certificate',
  token_unknown: 'the token is not one that this server knows; ask its operator for one',
  certificate_unknown: "the client certificate is in nobody's entry; ask the operator to add it",
  certificate_expired: 'the client certificate has expired; connect with a new one',
};

/** Decides who may do what, by the access file. */
export class Gatekeeper {
  readonly #file: string;
  readonly #denials: Denials;
  #inForce: AccessFile;
  #list: AccessList;
  readonly #listeners: (() => void)[] = [];

  private constructor(file: string, inForce: AccessFile, denials: Denials) {
    this.#file = file;
    this.#inForce = inForce;
    this.#list = new AccessList(inForce);
    this.#denials = denials;
  }

  /** @throws HostError CONFIG_INVALID */
  static open(file: string, denials: Denials): Gatekeeper {
    return new Gatekeeper(file, readAccessFile(file), denials);
  }

  get inForce(): AccessFile {
    return this.#inForce;
  }

  /** The file as it is now, which is not in force yet. @throws HostError CONFIG_INVALID */
  read(): AccessFile {
    return readAccessFile(this.#file);
  }

  /** Who may do what, from now on: on open connections too. */
  use(file: AccessFile): void {
    this.#inForce = file;
    this.#list = new AccessList(file);
    for (const listener of this.#listeners) listener();
  }

  /** Called after each change of who may do what. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /**
   * @param roles Any of which is enough.
   * @param target The method or path, for the log.
   * @throws HostError UNAUTHENTICATED, ROLE_MISSING
   */
  admit(credentials: Credentials, roles: readonly Role[], target: string): Principal {
    const found = this.#list.identify(credentials);
    if (typeof found === 'string') {
      this.#denials.note({ reason: found, actor: '', target, detail: '' });
      throw new HostError('UNAUTHENTICATED', NEXT_STEPS[found]);
    }
    if (roles.some((role) => found.roles.has(role))) return found;
    this.#denials.note({ reason: 'role_missing', actor: found.name, target, detail: '' });
    const asked = roles.join(' or ');
    throw new HostError('ROLE_MISSING', `${found.name} lacks the role ${asked}; its operator can give it that role`, {
      details: { role: asked },
    });
  }
}
