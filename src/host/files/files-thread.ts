/** The entry of the files thread: the system's calls, which block, have it for themselves. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { answerTo } from '../thread/answering.js';
import type { FromThread, ThreadRequest } from '../thread/thread-protocol.js';
import { SystemFiles } from './system-files.js';

function serve(port: MessagePort): void {
  const files = new SystemFiles();
  const post = (message: FromThread): void => port.postMessage(message);
  port.on('message', (request: ThreadRequest) => post({ type: 'answers', answers: [answerTo(files, request)] }));
  post({ type: 'ready' });
}

if (parentPort !== null) serve(parentPort);
