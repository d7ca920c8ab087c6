import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate and its key, in PEM and as files. */
export interface Pair {
  certFile: string;
  keyFile: string;
  cert: Buffer;
  key: Buffer;
}

export interface Issue {
  /** Common name. */
  name: string;
  /** Below zero: it has expired. */
  days?: number;
  usage?: 'serverAuth' | 'clientAuth';
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority of our own, made by the system's openssl, which issues what a test needs. */
export class Authority {
  readonly directory: string;
  readonly root: Pair;
  #count = 0;

  constructor(name = 'a test authority') {
    this.directory = mkdtempSync(join(tmpdir(), 'hal9-ca-'));
    this.root = this.#pair('root');
    const { certFile, keyFile } = this.root;
    openssl(['req', '-x509', ...NEW_KEY, '-days', '2', '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certFile]);
    this.root = read(this.root);
  }

  /** A certificate for 127.0.0.1 and localhost. */
  issue({ name, days = 1, usage = 'serverAuth' }: Issue): Pair {
    const pair = this.#pair(`${this.#count++}`);
    const [request, extensions] = [`${pair.certFile}.req`, `${pair.certFile}.ext`];
    openssl(['req', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', pair.keyFile, '-out', request]);
    const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost';
    writeFileSync(extensions, `${names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=${usage}\n`);
    const by = ['-CA', this.root.certFile, '-CAkey', this.root.keyFile, '-CAcreateserial'];
    const to = ['-days', String(days), '-extfile', extensions, '-out', pair.certFile];
    openssl(['x509', '-req', '-in', request, ...by, ...to]);
    return read(pair);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #pair(name: string): Pair {
    const [certFile, keyFile] = [join(this.directory, `${name}.crt`), join(this.directory, `${name}.key`)];
    return { certFile, keyFile, cert: Buffer.alloc(0), key: Buffer.alloc(0) };
  }
}

function read({ certFile, keyFile }: Pair): Pair {
  return { certFile, keyFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Whether the tests can make certificates: Node can check them, and sign none. Where CI runs, it must. */
export function canIssue(): boolean {
  try {
    openssl(['version']);
    return true;
  } catch (error) {
    if (process.env['CI'] !== undefined) throw error;
    return false;
  }
}
