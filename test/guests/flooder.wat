;; Asks its host for one thing again and again: the first byte of a signal's type says what, its source is the key, query or
;; URL, its content the value or line, its timestamp how often.
;;   g  memory.get     s  memory.set     f  memory.search     h  http.fetch
;;   e  signals.emit to L9                p  plugins.call-tool: the key is the plugin, the signal's id the tool
;;   l  a log line     m  an observation of a metric          t  a reading of the clock and a random number
;;   w  opens the file that the key names, writes the text into it, and closes it
;;   c  nothing: it only computes
;; The answer is one signal, whose timestamp is how often the host refused.
(module
  (import "hal9:plugin/memory@0.1.0" "get" (func $get (param i32 i32 i32)))
  (import "hal9:plugin/memory@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))
  (import "hal9:plugin/memory@0.1.0" "search" (func $search (param i32 i32 i32 i32)))
  (import "hal9:plugin/http@0.1.0" "fetch"
    (func $fetch (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "hal9:plugin/signals@0.1.0" "emit"
    (func $emit (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32)))
  (import "hal9:plugin/plugins@0.1.0" "call-tool" (func $call-tool (param i32 i32 i32 i32 i32 i32 i32)))
  (import "hal9:plugin/logging@0.1.0" "log" (func $log (param i32 i32 i32)))
  (import "hal9:plugin/metrics@0.1.0" "observe" (func $observe (param i32 i32 f64 i32 i32)))
  (import "hal9:plugin/clock@0.1.0" "now" (func $now (result i64)))
  (import "hal9:plugin/random@0.1.0" "next" (func $next (result i64)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (memory (export "memory") 64)
  (data (i32.const 400) "GETflood")
  ;; A descriptor at 480, what is written at 488, how much at 496; the host's answers at 512, ours at 1024, our signal at 65536; what is allocated overwrites what the last round got.
  (global $free (mut i32) (i32.const 262144))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  (func $ask (param $what i32) (param $id i32) (param $id-bytes i32) (param $key i32) (param $key-bytes i32) (param $text i32) (param $text-bytes i32)
    (i32.store8 (i32.const 512) (i32.const 0))
    (if (i32.eq (local.get $what) (i32.const 103)) (then
      (call $get (local.get $key) (local.get $key-bytes) (i32.const 512))))
    (if (i32.eq (local.get $what) (i32.const 115)) (then
      (call $set (local.get $key) (local.get $key-bytes) (local.get $text) (local.get $text-bytes) (i32.const 512))))
    (if (i32.eq (local.get $what) (i32.const 102)) (then
      (call $search (local.get $key) (local.get $key-bytes) (i32.const 10) (i32.const 512))))
    (if (i32.eq (local.get $what) (i32.const 104)) (then
      (call $fetch (i32.const 400) (i32.const 3) (local.get $key) (local.get $key-bytes) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 1000) (i32.const 0) (i32.const 512))))
    (if (i32.eq (local.get $what) (i32.const 101)) (then
      (call $emit (i32.const 403) (i32.const 5) (i32.const 403) (i32.const 5) (i32.const 8) (i32.const 403) (i32.const 5)
        (local.get $text) (local.get $text-bytes) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 512))))
    (if (i32.eq (local.get $what) (i32.const 112)) (then
      (call $call-tool (local.get $key) (local.get $key-bytes) (local.get $id) (local.get $id-bytes)
        (local.get $text) (local.get $text-bytes) (i32.const 512))))
    (if (i32.eq (local.get $what) (i32.const 108)) (then
      (call $log (i32.const 2) (local.get $text) (local.get $text-bytes))))
    (if (i32.eq (local.get $what) (i32.const 109)) (then
      (call $observe (i32.const 403) (i32.const 5) (f64.const 1) (i32.const 0) (i32.const 0))))
    (if (i32.eq (local.get $what) (i32.const 116)) (then
      (drop (call $now)) (drop (call $next))))
    (if (i32.eq (local.get $what) (i32.const 119)) (then
      (i32.store8 (i32.const 512)
        (call $put (local.get $key) (local.get $key-bytes) (local.get $text) (local.get $text-bytes))))))

  ;; Whether it was refused.
  (func $put (param $key i32) (param $key-bytes i32) (param $text i32) (param $text-bytes i32) (result i32)
    (local $error i32)
    (if (call $open (i32.const 3) (i32.const 0) (local.get $key) (local.get $key-bytes) (i32.const 1) (i64.const 64)
      (i64.const 0) (i32.const 0) (i32.const 480)) (then (return (i32.const 1))))
    (i32.store (i32.const 488) (local.get $text))
    (i32.store (i32.const 492) (local.get $text-bytes))
    (local.set $error (call $write (i32.load (i32.const 480)) (i32.const 488) (i32.const 1) (i32.const 496)))
    (drop (call $close (i32.load (i32.const 480))))
    (i32.ne (local.get $error) (i32.const 0)))

  (func (export "hal9:plugin/neuron@0.1.0#process")
    (param $id i32) (param $id-bytes i32) (param $type i32) (param i32) (param i32) (param $key i32) (param $key-bytes i32)
    (param $text i32) (param $text-bytes i32) (param i32 i32) (param $times i64) (result i32)
    (local $what i32) (local $refused i64) (local $allocated i32)
    (local.set $what (i32.load8_u (local.get $type)))
    (local.set $allocated (global.get $free))
    (block $done (loop $again
      (br_if $done (i64.eqz (local.get $times)))
      (local.set $times (i64.sub (local.get $times) (i64.const 1)))
      (global.set $free (local.get $allocated))
      (call $ask (local.get $what) (local.get $id) (local.get $id-bytes) (local.get $key) (local.get $key-bytes) (local.get $text) (local.get $text-bytes))
      (local.set $refused (i64.add (local.get $refused) (i64.extend_i32_u (i32.load8_u (i32.const 512)))))
      (br $again)))
    (memory.fill (i32.const 65536) (i32.const 0) (i32.const 56))
    (i32.store8 (i32.const 65552) (i32.const 2))
    (i64.store (i32.const 65584) (local.get $refused))
    (global.set $free (i32.const 262144))
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1028) (i32.const 65536))
    (i32.store (i32.const 1032) (i32.const 1))
    (i32.const 1024))
  (func (export "hal9:plugin/neuron@0.1.0#export-state") (result i32) (unreachable))
  (func (export "hal9:plugin/neuron@0.1.0#import-state") (param i32 i32) (result i32) (unreachable))
)
