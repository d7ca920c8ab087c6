;; Ends itself, catches what that throws, and goes on as if nothing had been.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 17)
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "hal9:plugin/tools@0.1.0#execute") (param $tool i32) (param $tool-bytes i32) (param $parameters i32) (param $parameters-bytes i32) (result i32)
    try
      (call $exit (i32.const 3))
    catch_all
    end
    ;; ok("1")
    (i32.store8 (i32.const 1024) (i32.const 49))
    (i32.store (i32.const 2048) (i32.const 0))
    (i32.store (i32.const 2052) (i32.const 1024))
    (i32.store (i32.const 2056) (i32.const 1))
    (i32.const 2048))
)
