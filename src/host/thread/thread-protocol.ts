/** Between the main thread and one that does what blocks. */
export interface ThreadRequest {
  id: number;
  method: string;
  given: unknown[];
}

export type ThreadAnswer =
  | { id: number; ok: true; value: unknown; tookUs: number }
  | { id: number; ok: false; message: string };

/** `ready` or `failed` comes first; then answers, several at once. */
export type FromThread =
  | { type: 'ready' }
  | { type: 'failed'; message: string }
  | { type: 'answers'; answers: ThreadAnswer[] };
