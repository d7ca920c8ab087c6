const KIB = 1024;
const MIB = 1024 * KIB;

/** Files below the roots that an operator maps, and scratch directories. */
export const FILE_LIMITS = {
  /** Linux's PATH_MAX: of a path as the guest sends it, and of what it comes to. */
  maxPathBytes: 4 * KIB,
  /** Of one component, as in most file systems. */
  maxNameBytes: 255,
  /** Components below a root: each is opened on the way to a file (20 us). */
  maxDepth: 64,
  /** Of one read or write; libraries ask for the rest in further calls. */
  maxPieceBytes: MIB,
  /** Of a directory that is listed: names, and 24 bytes each. A larger one cannot be listed. */
  maxListingBytes: MIB,
  /** Files and directories that one instance has open, its assets' and roots' directories included. */
  maxInstanceHandles: 64,
  /** Of all plugins: a process has 1,024 descriptors on many systems, and the server needs the others. */
  maxHandles: 512,
  /** How often a directory that is moved by somebody else meanwhile is looked for anew. */
  maxMoves: 3,
  /** Between the end of the files thread and the start of another: what ended it may end that one too. */
  threadRestartMs: 500,
  /** Of the configuration file: each is looked at when a plugin starts. */
  maxConfiguredRoots: 256,
} as const;
