;; The same for a template literal and a double-quoted string.
(module (import "`;globalThis.PWNED=1;`\u{22}+(globalThis.PWNED=1)+\u{22}" "log" (func))
  (memory (export "memory") 1) (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable) (func (export "hal9:plugin/tools@0.1.0#execute") (param i32 i32 i32 i32) (result i32) unreachable))
