;; Uses its memory as a signal says: the first byte of the type is what to do, the source is the key or prefix, the content
;; the value or query, the timestamp the limit or how often.
;;   g  get: answers with the value, or with "none"       s  set: answers with its input
;;   d  delete: answers with "1" or "0"                   l  list, f  find: a signal for each entry, its key as the id
;;   w  gets the key again and again, as often as said    c  counts to what is said, then sets
;; What the host refuses is its own answer.
(module
  (import "hal9:plugin/memory@0.1.0" "get" (func $get (param i32 i32 i32)))
  (import "hal9:plugin/memory@0.1.0" "set" (func $set (param i32 i32 i32 i32 i32)))
  (import "hal9:plugin/memory@0.1.0" "delete" (func $delete (param i32 i32 i32)))
  (import "hal9:plugin/memory@0.1.0" "list-entries" (func $list (param i32 i32 i32 i32)))
  (import "hal9:plugin/memory@0.1.0" "search" (func $search (param i32 i32 i32 i32)))
  (memory (export "memory") 64)
  (data (i32.const 400) "none10")
  ;; The host's answers at 512, ours at 1024, signals from 65536; what is allocated starts anew with every call.
  (global $next (mut i32) (i32.const 262144))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  ;; Whether the host refused; then its error, which is laid out as ours, is our answer.
  (func $refused (result i32)
    (if (i32.eqz (i32.load8_u (i32.const 512))) (then (return (i32.const 0))))
    (memory.copy (i32.const 1024) (i32.const 512) (i32.const 28))
    (i32.const 1))

  ;; Our answer has so many signals from 65536 on.
  (func $answer (param $signals i32)
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1028) (i32.const 65536))
    (i32.store (i32.const 1032) (local.get $signals)))

  (func $signal (param $index i32) (param $id i32) (param $id-bytes i32) (param $content i32) (param $bytes i32)
    (local $at i32)
    (local.set $at (i32.add (i32.const 65536) (i32.mul (local.get $index) (i32.const 56))))
    (memory.fill (local.get $at) (i32.const 0) (i32.const 56))
    (i32.store (local.get $at) (local.get $id))
    (i32.store offset=4 (local.get $at) (local.get $id-bytes))
    (i32.store8 offset=16 (local.get $at) (i32.const 2))
    (i32.store offset=28 (local.get $at) (local.get $content))
    (i32.store offset=32 (local.get $at) (local.get $bytes)))

  ;; A signal for each entry of the host's list.
  (func $entries
    (local $i i32) (local $at i32)
    (if (call $refused) (then (return)))
    (local.set $at (i32.load (i32.const 516)))
    (block $done (loop $each
      (br_if $done (i32.ge_u (local.get $i) (i32.load (i32.const 520))))
      (call $signal (local.get $i) (i32.load (local.get $at)) (i32.load offset=4 (local.get $at))
        (i32.load offset=8 (local.get $at)) (i32.load offset=12 (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $each)))
    (call $answer (local.get $i)))

  (func (export "hal9:plugin/neuron@0.1.0#process")
    (param i32 i32) (param $type i32) (param i32) (param i32) (param $key i32) (param $key-bytes i32)
    (param $content i32) (param $bytes i32) (param i32 i32) (param $count i64) (result i32)
    (local $what i32)
    (local.set $what (i32.load8_u (local.get $type)))
    (global.set $next (i32.const 262144))
    (if (i32.eq (local.get $what) (i32.const 119)) (then
      (loop $again
        (call $get (local.get $key) (local.get $key-bytes) (i32.const 512))
        (global.set $next (i32.const 262144))
        (local.set $count (i64.sub (local.get $count) (i64.const 1)))
        (br_if $again (i64.gt_s (local.get $count) (i64.const 0))))
      (if (call $refused) (then (return (i32.const 1024))))
      (call $answer (i32.const 0))
      (return (i32.const 1024))))
    (if (i32.eq (local.get $what) (i32.const 99)) (then
      (loop $count
        (local.set $count (i64.sub (local.get $count) (i64.const 1)))
        (br_if $count (i64.gt_s (local.get $count) (i64.const 0))))
      (local.set $what (i32.const 115))))
    (if (i32.eq (local.get $what) (i32.const 103)) (then
      (call $get (local.get $key) (local.get $key-bytes) (i32.const 512))
      (if (call $refused) (then (return (i32.const 1024))))
      (if (i32.load8_u (i32.const 516))
        (then (call $signal (i32.const 0) (i32.const 0) (i32.const 0) (i32.load (i32.const 520)) (i32.load (i32.const 524))))
        (else (call $signal (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 400) (i32.const 4))))
      (call $answer (i32.const 1))))
    (if (i32.eq (local.get $what) (i32.const 115)) (then
      (call $set (local.get $key) (local.get $key-bytes) (local.get $content) (local.get $bytes) (i32.const 512))
      (if (call $refused) (then (return (i32.const 1024))))
      (call $signal (i32.const 0) (i32.const 0) (i32.const 0) (local.get $content) (local.get $bytes))
      (call $answer (i32.const 1))))
    (if (i32.eq (local.get $what) (i32.const 100)) (then
      (call $delete (local.get $key) (local.get $key-bytes) (i32.const 512))
      (if (call $refused) (then (return (i32.const 1024))))
      (call $signal (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.sub (i32.const 405) (i32.load8_u (i32.const 516))) (i32.const 1))
      (call $answer (i32.const 1))))
    (if (i32.eq (local.get $what) (i32.const 108)) (then
      (call $list (local.get $key) (local.get $key-bytes) (i32.wrap_i64 (local.get $count)) (i32.const 512))
      (call $entries)))
    (if (i32.eq (local.get $what) (i32.const 102)) (then
      (call $search (local.get $content) (local.get $bytes) (i32.wrap_i64 (local.get $count)) (i32.const 512))
      (call $entries)))
    (i32.const 1024))
  (func (export "hal9:plugin/neuron@0.1.0#export-state") (result i32) (unreachable))
  (func (export "hal9:plugin/neuron@0.1.0#import-state") (param i32 i32) (result i32) (unreachable))
)
