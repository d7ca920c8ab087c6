/**
 * Every bound of the server, each with its unit in the name and the reason beside it. A bound that an operator may
 * change is read by `config.ts`, which takes its default from here.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** Packages: `.hal9` files and development directories. */
export const PACKAGE_LIMITS = {
  /** A Go plugin with assets is a few MB; the file is held in memory once while it is read. */
  maxFileBytes: 64 * MIB,
  /** Everything unpacked; four times the file bounds what a reader must hold. */
  maxTotalBytes: 256 * MIB,
  maxEntries: 1_000,
  maxEntryBytes: 64 * MIB,
  /** Deflate reaches about 1,030:1 on zeros; text and wasm stay below 20:1. */
  maxCompressionRatio: 100,
  /** Below this, unpacked, the ratio does not matter: a page of spaces is no bomb. */
  ratioFromBytes: 64 * KIB,
  maxPathBytes: 240,
  maxManifestBytes: 256 * KIB,
  /** All assets of a plugin together: they are in memory for as long as it is active. */
  maxAssetsBytes: 64 * MIB,
} as const;

/** Counts in a manifest; the lengths of its strings stand beside their fields in `package/manifest.ts`. */
export const MANIFEST_LIMITS = {
  maxCapabilities: 256,
  /** Of one tool. */
  maxParameters: 64,
  maxPermissions: 256,
  /** Assets, and examples. */
  maxFiles: 1_000,
  /** Every other list. */
  maxItems: 64,
  /** Faults that a refusal lists. */
  maxFaults: 30,
} as const;

/** Signatures of packages, and the keys that count. */
export const SIGNATURE_LIMITS = {
  /** Of one package: its author, a reviewer or two, the operator. Each is verified on the main thread, in 0.1 ms. */
  maxSignatures: 16,
  /** `signatures.json`; one signature takes 300 bytes. */
  maxFileBytes: 16 * KIB,
  /** Trusted and revoked; the list is held in memory and written whole. */
  maxKeys: 1_000,
  /** Plugins, and authors, that one key may be bound to. */
  maxBounds: 64,
  maxKeyNameCharacters: 64,
} as const;

/** What one plugin may depend on, all in all. */
export const DEPENDENCY_LIMITS = {
  /** Plugins in a chain, each of which needs the next one: activation walks it one after the other. */
  maxDepth: 256,
  /** Plugins that are looked at for one; more than threads would let into service by default. */
  maxPlugins: 1_024,
} as const;

/** The module of a plugin, before and after rewriting. */
export const MODULE_LIMITS = {
  maxModuleBytes: 32 * MIB,
  /** V8's own bound on a function body is 7,654,321 bytes. */
  maxFunctionBytes: 7_654_321,
  maxTypes: 10_000,
  maxFunctions: 100_000,
  maxImports: 1_000,
  maxExports: 10_000,
  maxGlobals: 10_000,
  maxTags: 1_000,
  maxTables: 16,
  /** All tables of a plugin together; 8 bytes a slot on the host. */
  maxTableSlots: 1_000_000,
  maxMemories: 16,
  maxElementSegments: 100_000,
  maxDataSegments: 100_000,
  maxLocals: 50_000,
  /** V8's baseline compiler keeps the state of every local at every block: 12 bytes each (measured), outside all caps. */
  maxLocalsTimesBlocks: 10_000_000,
  /** All functions together. A few bytes declare 50,000 locals, and V8 initialises each of them when it validates. */
  maxTotalLocals: 5_000_000,
  maxParameters: 1_000,
  maxNameBytes: 1_024,
  /** Producers, names, features, and one per item of metadata that a macro leaves behind. */
  maxCustomSections: 1_000,
  /** A module that takes longer or more than this to meter is refused (measured: 20 MB/s once warm, 100 ms before). */
  maxMeterMs: 30_000,
  meterHeapMb: 1_024,
  maxConcurrentMeters: 1,
  /** Compilations of hostile modules at once: V8 uses its own threads for each. */
  maxConcurrentCompiles: 2,
} as const;

/** An instance and its guest. */
export const GUEST_LIMITS = {
  /** Where the manifest names no max_memory_mb. */
  defaultMemoryBytes: 64 * MIB,
  maxMemoryBytes: 1_024 * MIB,
  /** A call's wall-clock limit where neither the plugin nor the caller has a smaller one. */
  defaultCallMs: 5_000,
  /** load, activate, deactivate, unload. */
  lifecycleCallMs: 5_000,
  /**
   * Fuel of a call for which neither the request nor the manifest names a budget: about what optimised code uses in the
   * default time limit, so that it is the budget that a runaway call hits, at the same instruction on every machine.
   */
  defaultCallFuel: 5_000_000_000,
  /** For instantiation and start, load, and activate, each. */
  loadFuel: 5_000_000_000,
  /** Everything that a guest returns from one call, lifted: strings, bytes, and `bytesPerElement` per list element. */
  maxOutputBytes: 4 * MIB,
  maxOutputElements: 65_536,
  /** Everything that a guest hands to one host call. */
  maxHostCallBytes: MIB,
  /** Random bytes of one host call (WASI or ours). */
  maxRandomBytes: 64 * KIB,
  /** Of the guest's own frames, counted as metering does: the same depth on every machine. Beyond it: LIMIT/STACK. */
  guestStackBytes: 512 * KIB,
  /** V8's stack for the thread: room for the guest's frames as the engine lays them out, and never reached before. */
  stackBytes: 4 * MIB,
  /** JavaScript heap of a worker: bindings and messages, not guest memory. */
  workerHeapMb: 32,
} as const;

/** What plugins ask of the server while they run. */
export const HOST_LIMITS = {
  /** Between the end of the storage thread and the start of another: what ended it may end that one too. */
  storageRestartMs: 500,
} as const;

/** The memory of a plugin, and each shared one. */
export const MEMORY_LIMITS = {
  maxKeyBytes: 512,
  maxValueBytes: 256 * KIB,
  /** Of a value's text what can be searched for: indexing takes longer than everything else (measured: 0.2 us a byte). */
  maxSearchableCharacters: 64 * KIB,
  /** Of one list or search, together; a value and its key always fit. */
  maxAnswerBytes: MIB,
  /** Entries of one list or search; a larger limit counts as this. */
  maxAnswerEntries: 1_000,
  maxQueryBytes: 1_024,
  maxQueryWords: 16,
  /** Entries that a search ranks: the newest of those that have its words (measured: 3 to 10 us each). */
  maxRanked: 2_000,
} as const;

/** What a plugin may write to the log, and count. */
export const OBSERVE_LIMITS = {
  maxLogLineBytes: 8 * KIB,
  maxMetricNames: 50,
  maxMetricSeries: 500,
  maxMetricLabels: 8,
  maxMetricLabelBytes: 128,
  /** Each observation of a histogram travels to the main thread (about 1 us there). */
  maxMetricObservationsPerSecond: 10_000,
} as const;

/** gRPC messages and what they carry. */
export const REQUEST_LIMITS = {
  /** grpc-js's own default, both ways. */
  maxMessageBytes: 4 * MIB,
  /** Lists of plugins and of tools: 250 of the largest manifests. Clients have to allow it; ours does. */
  maxListReplyBytes: 64 * MIB,
  maxNameBytes: 256,
  maxMetadataEntries: 64,
  /** A plugin's configuration: every instance keeps it parsed. */
  maxConfigBytes: 256 * KIB,
  maxBatchSignals: 1_024,
  /** Signals under way on one stream; beyond it the stream is not read from, and HTTP/2 flow control holds the client. */
  maxStreamSignals: 1_024,
  /** Answers on one stream, waiting or to be expected: beyond it the stream is not read from. One of the largest. */
  maxStreamExpectedBytes: 4 * MIB,
  /** What the answer to a signal is taken for at first: four are let in, whose answers fit the next bound in any case. */
  expectedAnswerBytes: MIB,
  /** Answers that the client of a stream has not taken; beyond it the stream ends. */
  maxStreamUnsentBytes: 32 * MIB,
  maxChunkBytes: MIB,
  /** Of a file of a package, in one message. */
  maxFileChunkBytes: 64 * KIB,
} as const;

/** Who may call. */
export const ACCESS_LIMITS = {
  /** Tokens, and certificates, of the access file: each is compared with what a stranger sends. */
  maxEntries: 256,
  /** A longer one is not hashed. */
  maxTokenBytes: 512,
  /** Between two lines of the log, or of the audit log, about the same kind of denial. */
  denialLogMs: 10_000,
  /** For the TLS handshake; clients take milliseconds. */
  handshakeMs: 5_000,
  /** How often the files of the certificate are looked at. */
  tlsCheckMs: 5_000,
  maxTlsFileBytes: MIB,
} as const;

/** The server and its listeners. Each is the default of a setting of `settings.ts`. */
export const SERVER_LIMITS = {
  /** A stateful plugin needs a thread for as long as it is active; each costs about 8 MB besides its guest's memory. */
  maxThreads: 256,
  /** A new plugin's first call does not wait for a thread to start (30 to 60 ms). */
  spareWorkers: 1,
  /** Two streams that have as much under way as they may fit in; a plugin that answers in 1 ms empties it in 4 s. */
  maxQueueLength: 4_096,
  /** Messages waiting for one plugin, together: eight of the largest. */
  maxQueueBytes: 32 * MIB,
  /** Instances of one stateless plugin; more than cores only help those that wait. */
  maxInstances: 4,
  /** A thread and what a worker loads, besides its guest's memory (measured: 7 to 9 MB). */
  threadBytes: 12 * MIB,
  /** The main thread's own: code, connections, compiled modules. */
  mainThreadBytes: 128 * MIB,
  /** Of the memory that the process may use, what is promised to guests and threads at most. */
  guestShare: 0.8,
  /** A stateless plugin's instance without calls gives its thread back. */
  idleInstanceMs: 10_000,
  /** An instance keeps its thread at least this long before another plugin that waits gets it: starting one costs a tenth. */
  threadQuantumMs: 300,
  /** Calls that the server has taken and not answered, over all connections: some KB each, besides their messages. */
  maxInFlight: 8_192,
  /** HTTP/2 streams of one connection; a client with more to do opens another, or uses StreamSignals. */
  maxStreams: 1_024,
  /** Open connections of each listener; a sidecar has a handful of clients. */
  maxConnections: 256,
  /** Between a connection and its client's first bytes. Clients send them at once; one that does not holds a place. */
  prefaceMs: 5_000,
  /** How often connections that nobody uses are looked for: such a one may hold its place twice as long. */
  connectionCheckMs: 1_000,
  /** Between two lines of the log which say that connections are refused, or cut off. */
  connectionsLogMs: 10_000,
  /** Answers that clients have not taken, over all connections; beyond it, the connection that has the most is closed. */
  maxUnsentBytes: 128 * MIB,
  /** A peer that vanished without closing is noticed after this and the timeout. */
  keepaliveMs: 60_000,
  keepaliveTimeoutMs: 20_000,
  /** Below the 30 s that Kubernetes gives between SIGTERM and SIGKILL. */
  drainTimeoutMs: 20_000,
  /** Each holds up to PACKAGE_LIMITS.maxFileBytes of memory. */
  maxConcurrentInstalls: 2,
  /** Files of packages that are asked for at once; those that wait hold nothing, one is read at a time. */
  maxConcurrentFiles: 64,
  /** Between two messages of one install: a client that stalls gives its place back. */
  installIdleMs: 30_000,
  /** For a whole package to arrive: the largest one at 0.5 MiB a second. A trickle must not hold a place for ever. */
  installMs: 128_000,
  /** Text of a refusal: gRPC sends it in a header, and clients bound all headers together, at 8 to 64 KiB. */
  maxStatusMessageBytes: 2 * KIB,
  maxStatusDetailBytes: 1_536,
  maxStatusDetails: 16,
  /** sockaddr_un holds 108 bytes with the final NUL on Linux, 104 on macOS. */
  maxSocketPathBytes: 103,
  /** Headers of one HTTP request: a scraper's or probe's are below 1 KiB. */
  maxHttpHeaderBytes: 8 * KIB,
  httpRequestMs: 5_000,
  /** A scraper or probe comes back later than this, and connects again. */
  httpKeepAliveMs: 5_000,
  /** Log text waiting for a slow reader; what does not fit is dropped and counted, never waited for. */
  maxLogBufferBytes: 8 * MIB,
} as const;

/** The audit log. */
export const AUDIT_LIMITS = {
  /** Of an actor, and of a plugin's id, name and version: names that strangers choose. */
  maxNameBytes: 256,
  maxDetails: 16,
  maxDetailBytes: KIB,
  /** What a reader holds at most for one line: more than the bounds above add up to, escapes and all. */
  maxLineBytes: 64 * KIB,
  /** Then the next file begins. A start reads the last one whole, in about 0.3 s. */
  maxFileBytes: 16 * MIB,
  /** Changes that wait for the disk; beyond it they are refused. */
  maxWaiting: 1_024,
  /** Lines about what cannot be stopped, kept while the disk takes none; beyond it they are lost, and counted. */
  maxWaitingNotes: 4_096,
  /** Lines of one write. */
  maxBatchLines: 512,
  /** Kills and denials of one kind that get lines of their own in a minute; of the rest one line says how many. */
  maxRepeats: 10,
  repeatWindowMs: 60_000,
  /** Kinds that are told apart, of one event and actor: a plugin and a reason each. Of the others, one line is about all. */
  maxRepeatKinds: 64,
  /** Actors that are told apart, of one event; a stranger is not one of its own. */
  maxRepeatActors: 256,
  /** Between two tries to write what could not be written. */
  retryMs: 5_000,
} as const;
