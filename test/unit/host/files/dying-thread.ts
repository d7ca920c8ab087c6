/** The files thread, but for one that ends when it is asked to sync: as a crash would end it. */
import '../../../../src/host/files/files-thread.js';
import { SystemFiles } from '../../../../src/host/files/system-files.js';

SystemFiles.prototype.sync = () => process.exit(1);
