/** The entry of the files thread: the system's calls, which block, have it for themselves. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { answerTo } from '../thread/answering.js';
import type { FromThread, ThreadRequest } from '../thread/thread-protocol.js';
import { OwnData } from './own-data.js';
import { SystemFiles } from './system-files.js';

/** What the thread is started with. */
export interface FilesOrder {
  /** The server's own directory. */
  readonly own: string;
}

function serve(port: MessagePort, { own }: FilesOrder): void {
  const files = new SystemFiles(new OwnData(own));
  const post = (message: FromThread): void => port.postMessage(message);
  port.on('message', (request: ThreadRequest) => post({ type: 'answers', answers: [answerTo(files, request)] }));
  post({ type: 'ready' });
}

if (parentPort !== null) serve(parentPort, workerData as FilesOrder);
