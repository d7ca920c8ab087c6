;; Sends HTTP requests as a signal says: the first byte of the type is what to do, the source is the URL, the metadata are the
;; headers, the content the body (a GET without, a POST with one), the timestamp four times the timeout plus the redirect policy.
;;   f  fetch: a signal with the URL as its id, the body as its content, the status as its timestamp
;;   h  fetch: a signal for each header of the answer, the name as its id, the value as its content
;;   o  open, read 16 bytes, then all the rest: a signal with those 16 as its content, and how many there were as its timestamp
;;   r  read 16 bytes of the body that the timestamp is the number of
;;   x  open again and again, without reading, until the host refuses
;; What the host refuses is its own answer.
(module
  (import "hal9:plugin/http@0.1.0" "fetch"
    (func $fetch (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "hal9:plugin/http@0.1.0" "open"
    (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (import "hal9:plugin/http@0.1.0" "read" (func $read (param i32 i32 i32)))
  (import "hal9:plugin/http@0.1.0" "close" (func $close (param i32)))
  (memory (export "memory") 160)
  (data (i32.const 400) "GETPOST")
  ;; The host's answers at 512 and 640, ours at 1024, signals from 65536; what is allocated starts anew with every call: what it is
  ;; called with at 262144, what the host answers behind it.
  (global $next (mut i32) (i32.const 262144))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  ;; Whether the answer at an address is a refusal; then its error, which is laid out as ours, is our answer.
  (func $refused (param $at i32) (result i32)
    (if (i32.eqz (i32.load8_u (local.get $at))) (then (return (i32.const 0))))
    (memory.copy (i32.const 1024) (local.get $at) (i32.const 28))
    (i32.const 1))

  (func $answer (param $signals i32)
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1028) (i32.const 65536))
    (i32.store (i32.const 1032) (local.get $signals)))

  ;; A signal with an id and a content that lie as pointer and length at two addresses.
  (func $signal (param $index i32) (param $id i32) (param $content i32) (param $number i64)
    (local $at i32)
    (local.set $at (i32.add (i32.const 65536) (i32.mul (local.get $index) (i32.const 56))))
    (memory.fill (local.get $at) (i32.const 0) (i32.const 56))
    (i64.store (local.get $at) (i64.load align=4 (local.get $id)))
    (i32.store8 offset=16 (local.get $at) (i32.const 2))
    (i64.store offset=28 align=4 (local.get $at) (i64.load align=4 (local.get $content)))
    (i64.store offset=48 (local.get $at) (local.get $number)))

  (func $headers
    (local $i i32) (local $at i32)
    (local.set $at (i32.load (i32.const 528)))
    (block $done (loop $each
      (br_if $done (i32.ge_u (local.get $i) (i32.load (i32.const 532))))
      (call $signal (local.get $i) (local.get $at) (i32.add (local.get $at) (i32.const 8)) (i64.const 0))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $each)))
    (call $answer (local.get $i)))

  ;; Reads the body whose number is the first word of what open answered.
  (func $pieces
    (local $body i32) (local $bytes i64)
    (local.set $body (i32.load (i32.const 516)))
    (call $read (local.get $body) (i32.const 16) (i32.const 640))
    (if (call $refused (i32.const 640)) (then (return)))
    ;; The first piece stays where it is; the others may overwrite each other.
    (i64.store (i32.const 700) (i64.load align=4 (i32.const 644)))
    (local.set $bytes (i64.load32_u (i32.const 648)))
    (block $end (loop $more
      (br_if $end (i32.eqz (i32.load (i32.const 648))))
      (global.set $next (i32.const 1048576))
      (call $read (local.get $body) (i32.const -1) (i32.const 640))
      (if (call $refused (i32.const 640)) (then (return)))
      (local.set $bytes (i64.add (local.get $bytes) (i64.load32_u (i32.const 648))))
      (br $more)))
    (call $close (local.get $body))
    (call $signal (i32.const 0) (i32.const 524) (i32.const 700) (local.get $bytes))
    (call $answer (i32.const 1)))

  (func (export "hal9:plugin/neuron@0.1.0#process")
    (param i32 i32) (param $type i32) (param i32) (param i32) (param $url i32) (param $url-bytes i32)
    (param $content i32) (param $bytes i32) (param $headers i32) (param $count i32) (param $number i64) (result i32)
    (local $what i32) (local $method i32) (local $method-bytes i32) (local $time i32) (local $policy i32) (local $i i32)
    (local.set $what (i32.load8_u (local.get $type)))
    (local.set $method (select (i32.const 403) (i32.const 400) (local.get $bytes)))
    (local.set $method-bytes (select (i32.const 4) (i32.const 3) (local.get $bytes)))
    (local.set $time (i32.wrap_i64 (i64.shr_u (local.get $number) (i64.const 2))))
    (local.set $policy (i32.and (i32.wrap_i64 (local.get $number)) (i32.const 3)))
    (global.set $next (i32.const 524288))
    (if (i32.eq (local.get $what) (i32.const 114)) (then
      (call $read (i32.wrap_i64 (local.get $number)) (i32.const 16) (i32.const 640))
      (if (call $refused (i32.const 640)) (then (return (i32.const 1024))))
      (call $signal (i32.const 0) (i32.const 644) (i32.const 644) (i64.const 0))
      (call $answer (i32.const 1))
      (return (i32.const 1024))))
    (if (i32.or (i32.eq (local.get $what) (i32.const 102)) (i32.eq (local.get $what) (i32.const 104))) (then
      (call $fetch (local.get $method) (local.get $method-bytes) (local.get $url) (local.get $url-bytes)
        (local.get $headers) (local.get $count) (local.get $content) (local.get $bytes)
        (local.get $time) (local.get $policy) (i32.const 512))
      (if (call $refused (i32.const 512)) (then (return (i32.const 1024))))
      (if (i32.eq (local.get $what) (i32.const 104)) (then (call $headers) (return (i32.const 1024))))
      (call $signal (i32.const 0) (i32.const 520) (i32.const 536) (i64.load16_u (i32.const 516)))
      (call $answer (i32.const 1))
      (return (i32.const 1024))))
    (loop $again
      (call $open (local.get $method) (local.get $method-bytes) (local.get $url) (local.get $url-bytes)
        (local.get $headers) (local.get $count) (local.get $content) (local.get $bytes)
        (local.get $time) (local.get $policy) (i32.const 512))
      (if (call $refused (i32.const 512)) (then (return (i32.const 1024))))
      (if (i32.eq (local.get $what) (i32.const 111)) (then (call $pieces) (return (i32.const 1024))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 20))))
    (call $answer (i32.const 0))
    (i32.const 1024))
  (func (export "cabi_post_hal9:plugin/neuron@0.1.0#process") (param i32) (global.set $next (i32.const 262144)))
  (func (export "hal9:plugin/neuron@0.1.0#export-state") (result i32) (unreachable))
  (func (export "hal9:plugin/neuron@0.1.0#import-state") (param i32 i32) (result i32) (unreachable))
)
