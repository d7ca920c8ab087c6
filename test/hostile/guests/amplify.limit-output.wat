;; Answers a signal with 1,000 signals whose contents are the same 1 MiB of its memory: 64 KiB of records that would become
;; 1 GiB on the host.
(module
  (memory (export "memory") 20)
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "hal9:plugin/neuron@0.1.0#process")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (local $n i32) (local $at i32)
    (local.set $at (i32.const 1179648))
    (loop $signal
      ;; A record of 56 bytes: id, type, layer, source, content, metadata, timestamp; all empty but the content.
      (i32.store (i32.add (local.get $at) (i32.const 28)) (i32.const 65536))
      (i32.store (i32.add (local.get $at) (i32.const 32)) (i32.const 1048576))
      (local.set $at (i32.add (local.get $at) (i32.const 56)))
      (br_if $signal (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))
    (i32.store (i32.const 2048) (i32.const 0))
    (i32.store (i32.const 2052) (i32.const 1179648))
    (i32.store (i32.const 2056) (i32.const 1000))
    (i32.const 2048))
  (func (export "hal9:plugin/neuron@0.1.0#export-state") (result i32) (unreachable))
  (func (export "hal9:plugin/neuron@0.1.0#import-state") (param i32 i32) (result i32) (unreachable))
)
