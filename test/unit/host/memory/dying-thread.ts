/** The storage thread, but for one that ends when it is asked to list the namespaces: as a crash would end it. */
import { SqliteMemory } from '../../../../src/host/memory/sqlite-memory.js';
import '../../../../src/host/memory/storage-thread.js';

SqliteMemory.prototype.namespaces = () => process.exit(1);
