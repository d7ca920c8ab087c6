/** The request itself is invalid; the guest never saw it. The message says what was expected and what was found. */
export class RequestRefused extends Error {
  override name = 'RequestRefused';
}
