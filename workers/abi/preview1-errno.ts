/** Error numbers of WASI preview 1 that are answered (`preview1/docs.md`, "errno"). */
export const ERRNO = { success: 0, badf: 8, inval: 28, spipe: 70, notcapable: 76 } as const;
