(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32) (result i32)))
  (memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable) (func (export "hal9:plugin/tools@0.1.0#execute") (param i32 i32 i32 i32) (result i32) unreachable))
