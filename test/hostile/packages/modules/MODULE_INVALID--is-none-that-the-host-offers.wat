;; Pasted into JavaScript, this module name would run.
(module (import "x': (globalThis.PWNED = 1), 'y" "log" (func))
  (memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable) (func (export "hal9:plugin/tools@0.1.0#execute") (param i32 i32 i32 i32) (result i32) unreachable))
