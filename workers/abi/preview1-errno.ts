/** Error numbers of WASI preview 1 that are answered (`preview1/docs.md`, "errno"). */
export const ERRNO = {
  success: 0,
  badf: 8,
  exist: 20,
  ilseq: 25,
  inval: 28,
  isdir: 31,
  mfile: 33,
  nametoolong: 37,
  noent: 44,
  notdir: 54,
  perm: 63,
  rofs: 69,
  spipe: 70,
  notcapable: 76,
} as const;
