;; Its realloc returns a place far outside its memory; it would answer all the same.
(module
  (memory (export "memory") 17)
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 0x7ffffff8))
  (data (i32.const 1024) "1")
  (func (export "hal9:plugin/tools@0.1.0#execute") (param $tool i32) (param $tool-bytes i32) (param $parameters i32) (param $parameters-bytes i32) (result i32)
    (i32.store (i32.const 2048) (i32.const 0))
    (i32.store (i32.const 2052) (i32.const 1024))
    (i32.store (i32.const 2056) (i32.const 1))
    (i32.const 2048))
)
