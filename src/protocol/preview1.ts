import type { CoreType } from './contract.js';

/** The import module of WASI preview 1. */
export const PREVIEW1_MODULE = 'wasi_snapshot_preview1';

type Signature = { readonly params: readonly CoreType[]; readonly results: readonly CoreType[] };

/** One letter a parameter: `i` for i32 (pointers, sizes, descriptors, flags), `I` for i64 (file sizes, rights, moments). */
function answering(params: string): Signature {
  return { params: [...params].map((letter) => (letter === 'I' ? 'i64' : 'i32')), results: ['i32'] };
}

/**
 * Every function of `wasi_snapshot_preview1` with its core signature (WebAssembly/WASI, `preview1/docs.md`; what does not fit
 * one result is written behind a pointer, the result is the error number). A module may import any of them; which ones
 * do something is the worker's affair (`workers/abi/preview1.ts`).
 */
export const PREVIEW1: ReadonlyMap<string, Signature> = new Map([
  ['args_get', answering('ii')],
  ['args_sizes_get', answering('ii')],
  ['environ_get', answering('ii')],
  ['environ_sizes_get', answering('ii')],
  ['clock_res_get', answering('ii')],
  ['clock_time_get', answering('iIi')],
  ['fd_advise', answering('iIIi')],
  ['fd_allocate', answering('iII')],
  ['fd_close', answering('i')],
  ['fd_datasync', answering('i')],
  ['fd_fdstat_get', answering('ii')],
  ['fd_fdstat_set_flags', answering('ii')],
  ['fd_fdstat_set_rights', answering('iII')],
  ['fd_filestat_get', answering('ii')],
  ['fd_filestat_set_size', answering('iI')],
  ['fd_filestat_set_times', answering('iIIi')],
  ['fd_pread', answering('iiiIi')],
  ['fd_prestat_get', answering('ii')],
  ['fd_prestat_dir_name', answering('iii')],
  ['fd_pwrite', answering('iiiIi')],
  ['fd_read', answering('iiii')],
  ['fd_readdir', answering('iiiIi')],
  ['fd_renumber', answering('ii')],
  ['fd_seek', answering('iIii')],
  ['fd_sync', answering('i')],
  ['fd_tell', answering('ii')],
  ['fd_write', answering('iiii')],
  ['path_create_directory', answering('iii')],
  ['path_filestat_get', answering('iiiii')],
  ['path_filestat_set_times', answering('iiiiIIi')],
  ['path_link', answering('iiiiiii')],
  ['path_open', answering('iiiiiIIii')],
  ['path_readlink', answering('iiiiii')],
  ['path_remove_directory', answering('iii')],
  ['path_rename', answering('iiiiii')],
  ['path_symlink', answering('iiiii')],
  ['path_unlink_file', answering('iii')],
  ['poll_oneoff', answering('iiii')],
  ['proc_exit', { params: ['i32'], results: [] }],
  ['proc_raise', answering('i')],
  ['sched_yield', answering('')],
  ['random_get', answering('ii')],
  ['sock_accept', answering('iii')],
  ['sock_recv', answering('iiiiii')],
  ['sock_send', answering('iiiii')],
  ['sock_shutdown', answering('ii')],
]);
