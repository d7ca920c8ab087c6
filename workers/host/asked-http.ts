import { countField, countOf, type HostOperation } from '../../src/protocol/host-calls.js';
import type { Http, Opened, Request, Response } from '../abi/generated/http.js';
import type { Result } from '../abi/result.js';
import { ask, type Line } from './ask.js';

const NO_BYTES = new Uint8Array(0);

/** Answers `hal9:plugin/http` by asking the main thread. Everything is decided there. */
export class AskedHttp implements Http {
  readonly #line: Line;

  constructor(line: Line) {
    this.#line = line;
  }

  fetch(request: Request): Result<Response> {
    return this.#send('http.fetch', request, (body) => body);
  }

  open(request: Request): Result<Opened> {
    return this.#send('http.open', request, (body) => countOf(body) ?? 0);
  }

  read(body: number, maxBytes: number): Result<Uint8Array> {
    return ask(this.#line, 'http.read', [countField(body), countField(maxBytes)], ([piece = NO_BYTES]) => piece);
  }

  close(body: number): void {
    ask(this.#line, 'http.close', [countField(body)], () => undefined);
  }

  #send<B>(
    operation: HostOperation,
    { method, url, headers, body, timeoutMs, redirects }: Request,
    bodyOf: (field: Uint8Array) => B,
  ): Result<{ status: number; url: Uint8Array; headers: [Uint8Array, Uint8Array][]; body: B }> {
    const fields = [method, url, body, countField(timeoutMs), countField(redirects), ...headers.flat()];
    return ask(this.#line, operation, fields, ([status, from = NO_BYTES, answered = NO_BYTES, ...rest]) => {
      return { status: countOf(status) ?? 0, url: from, headers: pairsOf(rest), body: bodyOf(answered) };
    });
  }
}

function pairsOf(fields: readonly Uint8Array[]): [Uint8Array, Uint8Array][] {
  return Array.from({ length: fields.length / 2 }, (_, i) => [
    fields[2 * i] ?? NO_BYTES,
    fields[2 * i + 1] ?? NO_BYTES,
  ]);
}
