import { timingSafeEqual } from 'node:crypto';
import type { AccessFile, Role } from '../config/access-file.js';
import { ACCESS_LIMITS } from '../limits.js';
import { hashOfToken } from './token.js';

/** Who calls, once that is known. */
export interface Principal {
  name: string;
  roles: ReadonlySet<Role>;
}

/** A client's certificate that the handshake has verified against the operator's authority. */
export interface ClientCertificate {
  /** Of the certificate in DER, hexadecimal, lower case. */
  sha256: string;
  /** The common name; empty where there is none, or several. */
  commonName: string;
  validToMs: number;
}

/** What a caller shows. */
export interface Credentials {
  /** The header `authorization`. */
  authorization: string | undefined;
  certificate: ClientCertificate | undefined;
}

/** Why nobody is known by what was shown. */
export type Unknown = 'no_credentials' | 'token_unknown' | 'certificate_unknown' | 'certificate_expired';

interface Entry {
  hash: Buffer;
  principal: Principal;
}

const BEARER = /^bearer +(\S+)$/i;

/** The access file as it is asked: who is it that shows this? */
export class AccessList {
  readonly #tokens: readonly Entry[];
  readonly #certificates: AccessFile['certificates'];
  readonly #principals: readonly Principal[];
  /** Tokens that were good, as they came: at most one for each entry. What is not good is never kept. */
  readonly #seen = new Map<string, Principal>();

  constructor({ tokens, certificates }: AccessFile) {
    this.#tokens = tokens.map((token) => ({ hash: Buffer.from(token.sha256, 'hex'), principal: principalOf(token) }));
    // What names one certificate comes before what names a subject.
    this.#certificates = [...certificates].sort(
      (a, b) => Number(b.sha256 !== undefined) - Number(a.sha256 !== undefined),
    );
    this.#principals = this.#certificates.map(principalOf);
  }

  /** A token that was sent decides, also where there is a certificate as well. */
  identify({ authorization, certificate }: Credentials): Principal | Unknown {
    if (authorization !== undefined) return this.#byHeader(authorization);
    return certificate === undefined ? 'no_credentials' : this.#byCertificate(certificate);
  }

  #byHeader(authorization: string): Principal | Unknown {
    const known = this.#seen.get(authorization);
    if (known !== undefined) return known;
    if (authorization.length > ACCESS_LIMITS.maxTokenBytes) return 'token_unknown';
    const token = BEARER.exec(authorization)?.[1];
    const found = token === undefined ? undefined : this.#byToken(token);
    if (found === undefined) return 'token_unknown';
    if (this.#seen.size >= ACCESS_LIMITS.maxEntries) this.#seen.clear();
    this.#seen.set(authorization, found);
    return found;
  }

  /** Looks at every entry, for as long each: time tells nothing about how near a guess was. */
  #byToken(token: string): Principal | undefined {
    const hash = hashOfToken(token);
    let found: Principal | undefined;
    for (const entry of this.#tokens) if (timingSafeEqual(entry.hash, hash)) found = entry.principal;
    return found;
  }

  /** A connection may outlive the certificate that it was made with. */
  #byCertificate({ sha256, commonName, validToMs }: ClientCertificate): Principal | Unknown {
    if (validToMs < Date.now()) return 'certificate_expired';
    const at = this.#certificates.findIndex(
      (entry) =>
        (entry.sha256 === undefined || entry.sha256 === sha256) &&
        (entry.subject === undefined || (commonName !== '' && entry.subject === commonName)),
    );
    return this.#principals[at] ?? 'certificate_unknown';
  }
}

function principalOf({ name, roles }: { name: string; roles: readonly Role[] }): Principal {
  return { name, roles: new Set(roles) };
}
