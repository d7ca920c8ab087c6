;; Does what the first byte of its input says (a signal's content, or the tool parameters' `{"do":"…` at byte 7):
;;   e  answers with its input          c  answers with the number of calls that this instance has had
;;   s  spins for ever                  t  traps
;;   x  answers with a plugin error     w  waits 30 ms on the host's clock, then answers with its input
;;   l  logs its input, then answers with it
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "hal9:plugin/logging@0.1.0" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 20)
  ;; Numbers of calls live at 16; results at 1024; what is allocated starts anew with every call.
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  (func $wait
    (i32.store8 (i32.const 3080) (i32.const 0))
    (i32.store (i32.const 3088) (i32.const 1))
    (i64.store (i32.const 3096) (i64.const 30000000))
    (drop (call $poll (i32.const 3072) (i32.const 3200) (i32.const 1) (i32.const 3300))))

  ;; Does what is said; returns where the answer is and how long, or 0 0 for a plugin error.
  (func $act (param $what i32) (param $input i32) (param $bytes i32) (result i32 i32)
    (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
    (if (i32.eq (local.get $what) (i32.const 115)) (then (loop $forever (br $forever))))
    (if (i32.eq (local.get $what) (i32.const 116)) (then (unreachable)))
    (if (i32.eq (local.get $what) (i32.const 120)) (then (return (i32.const 0) (i32.const 0))))
    (if (i32.eq (local.get $what) (i32.const 119)) (then (call $wait)))
    (if (i32.eq (local.get $what) (i32.const 108))
      (then (call $log (i32.const 2) (local.get $input) (local.get $bytes))))
    (if (i32.eq (local.get $what) (i32.const 99))
      (then
        (i32.store8 (i32.const 512) (i32.add (i32.const 48) (i32.div_u (i32.load (i32.const 16)) (i32.const 10))))
        (i32.store8 (i32.const 513) (i32.add (i32.const 48) (i32.rem_u (i32.load (i32.const 16)) (i32.const 10))))
        (if (i32.eq (i32.load8_u (i32.const 512)) (i32.const 48)) (then (return (i32.const 513) (i32.const 1))))
        (return (i32.const 512) (i32.const 2))))
    (local.get $input) (local.get $bytes))

  ;; error(INVALID_INPUT, "as told", none), with its payload at 1024 + $offset
  (func $fail (param $offset i32)
    (i64.store (i32.const 600) (i64.const 0x00646c6f74207361))
    (i32.store8 (i32.const 1024) (i32.const 1))
    (i32.store8 offset=1024 (local.get $offset) (i32.const 0))
    (i32.store offset=1028 (local.get $offset) (i32.const 600))
    (i32.store offset=1032 (local.get $offset) (i32.const 7))
    (i32.store8 offset=1036 (local.get $offset) (i32.const 0)))

  (func (export "hal9:plugin/tools@0.1.0#execute") (param i32 i32) (param $parameters i32) (param $bytes i32) (result i32)
    (local $answer i32) (local $length i32)
    (call $act (i32.load8_u offset=7 (local.get $parameters)) (local.get $parameters) (local.get $bytes))
    (local.set $length) (local.set $answer)
    (global.set $next (i32.const 65536))
    (i32.store (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1028) (local.get $answer))
    (i32.store (i32.const 1032) (local.get $length))
    (if (i32.eqz (local.get $length)) (then (call $fail (i32.const 4))))
    (i32.const 1024))

  (func (export "hal9:plugin/neuron@0.1.0#process")
    (param $id i32) (param $id-bytes i32) (param i32 i32) (param $layer i32) (param i32 i32)
    (param $content i32) (param $bytes i32) (param $metadata i32) (param $entries i32) (param $timestamp i64) (result i32)
    (local $answer i32) (local $length i32)
    (call $act (i32.load8_u (local.get $content)) (local.get $content) (local.get $bytes))
    (local.set $length) (local.set $answer)
    (global.set $next (i32.const 65536))
    ;; One signal at 2048: the id, layer, metadata and time that came, and the answer as its content.
    (i32.store (i32.const 2048) (local.get $id)) (i32.store (i32.const 2052) (local.get $id-bytes))
    (i64.store (i32.const 2056) (i64.const 0))
    (i32.store8 (i32.const 2064) (local.get $layer))
    (i64.store (i32.const 2068) (i64.const 0))
    (i32.store (i32.const 2076) (local.get $answer)) (i32.store (i32.const 2080) (local.get $length))
    (i32.store (i32.const 2084) (local.get $metadata)) (i32.store (i32.const 2088) (local.get $entries))
    (i64.store (i32.const 2096) (local.get $timestamp))
    (i32.store (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1028) (i32.const 2048))
    (i32.store (i32.const 1032) (i32.const 1))
    (if (i32.eqz (local.get $length)) (then (call $fail (i32.const 4))))
    (i32.const 1024))
  (func (export "hal9:plugin/neuron@0.1.0#export-state") (result i32) (unreachable))
  (func (export "hal9:plugin/neuron@0.1.0#import-state") (param i32 i32) (result i32) (unreachable))
)
