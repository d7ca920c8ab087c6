/**
 * The entry of a worker thread. The pool hands each task one MessagePort: one task is one life, which is bound to a plugin
 * by its first message and never returns; it ends when its thread is terminated.
 */
import type { MessagePort } from 'node:worker_threads';
import { Life } from './life.js';

export default function live({ port }: { port: MessagePort }): Promise<never> {
  new Life(port).start();
  return new Promise<never>(() => {});
}
