;; Does what a text says, which is the content of a signal, or the parameter `op` of the tool `run`: one letter, and what it is about.
;; What the host refuses is its own answer; else it answers with a JSON text, in a signal's content or as the tool's value.
;;   h…      log the text
;;   nL…     send a signal to layer L with the rest as its content
;;   cID…    call the tool `run` of the plugin ID with the rest
;;   m       read a key of the memory
;;   w       1 if the clock moves, else 0
;;   b s t e use fuel; spin; trap; answer with an error
;;   T… E…   do the rest, then trap, or answer with an error
;;   X…      do the rest 70 times, or until an error
;;   Z…      do the rest 30 times, whatever comes of it
(module
  (import "hal9:plugin/logging@0.1.0" "log" (func $log (param i32 i32 i32)))
  (import "hal9:plugin/clock@0.1.0" "monotonic" (func $monotonic (result i64)))
  (import "hal9:plugin/memory@0.1.0" "get" (func $get (param i32 i32 i32)))
  (import "hal9:plugin/signals@0.1.0" "emit"
    (func $emit (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32)))
  (import "hal9:plugin/plugins@0.1.0" "call-tool" (func $call-tool (param i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 64)
  (data (i32.const 400) "runop{\22op\22:\22no01k")
  ;; The answer lies at 1024, as `tools#execute` has it; that of `neuron#process` at 1104, its signal at 2048.
  (global $next (mut i32) (i32.const 262144))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))

  ;; One digit.
  (func $digit (param $one i32)
    (i32.store8 (i32.const 1024) (i32.const 0))
    (i32.store (i32.const 1028) (i32.add (i32.const 414) (local.get $one)))
    (i32.store (i32.const 1032) (i32.const 1)))

  (func $error
    (memory.fill (i32.const 1024) (i32.const 0) (i32.const 28))
    (i32.store8 (i32.const 1024) (i32.const 1))
    (i32.store (i32.const 1032) (i32.const 412))
    (i32.store (i32.const 1036) (i32.const 2)))

  (func $fine (if (i32.eqz (i32.load8_u (i32.const 1024))) (then (call $digit (i32.const 1)))))

  (func $call (param $at i32) (param $bytes i32)
    (local $rest i32)
    (local.set $rest (i32.sub (local.get $bytes) (i32.const 36)))
    (memory.copy (i32.const 65536) (i32.const 405) (i32.const 7))
    (memory.copy (i32.const 65543) (i32.add (local.get $at) (i32.const 36)) (local.get $rest))
    (i32.store16 (i32.add (i32.const 65543) (local.get $rest)) (i32.const 0x7d22))
    (call $call-tool (local.get $at) (i32.const 36) (i32.const 400) (i32.const 3)
      (i32.const 65536) (i32.add (local.get $rest) (i32.const 9)) (i32.const 1024)))

  (func $send (param $at i32) (param $bytes i32)
    (call $emit (i32.const 0) (i32.const 0) (i32.const 403) (i32.const 2)
      (i32.sub (i32.load8_u (local.get $at)) (i32.const 49))
      (i32.const 400) (i32.const 3)
      (i32.add (local.get $at) (i32.const 1)) (i32.sub (local.get $bytes) (i32.const 1))
      (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 1024))
    (call $fine))

  (func $clock-moves
    (local $i i32) (local $first i64)
    (local.set $first (call $monotonic))
    (loop $again
      (if (i64.ne (local.get $first) (call $monotonic)) (then (call $digit (i32.const 1)) (return)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 20000))))
    (call $digit (i32.const 0)))

  (func $many (param $at i32) (param $bytes i32) (param $times i32) (param $stop i32)
    (local $i i32)
    (loop $again
      (call $run (local.get $at) (local.get $bytes))
      (if (i32.and (i32.load8_u (i32.const 1024)) (local.get $stop)) (then (return)))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $times))))
    (call $digit (i32.const 1)))

  (func $burn
    (local $i i32)
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (i32.const 100000)))))

  (func $run (param $at i32) (param $bytes i32)
    (local $what i32) (local $rest i32) (local $left i32)
    (local.set $what (i32.load8_u (local.get $at)))
    (local.set $rest (i32.add (local.get $at) (i32.const 1)))
    (local.set $left (i32.sub (local.get $bytes) (i32.const 1)))
    (call $digit (i32.const 1))
    (if (i32.eq (local.get $what) (i32.const 104)) (then (call $log (i32.const 2) (local.get $at) (local.get $bytes)) (return)))
    (if (i32.eq (local.get $what) (i32.const 110)) (then (call $send (local.get $rest) (local.get $left)) (return)))
    (if (i32.eq (local.get $what) (i32.const 99)) (then (call $call (local.get $rest) (local.get $left)) (return)))
    (if (i32.eq (local.get $what) (i32.const 109)) (then
      (call $get (i32.const 416) (i32.const 1) (i32.const 1024)) (call $fine) (return)))
    (if (i32.eq (local.get $what) (i32.const 119)) (then (call $clock-moves) (return)))
    (if (i32.eq (local.get $what) (i32.const 98)) (then (call $burn) (return)))
    (if (i32.eq (local.get $what) (i32.const 115)) (then (loop $forever (br $forever))))
    (if (i32.eq (local.get $what) (i32.const 116)) (then (unreachable)))
    (if (i32.eq (local.get $what) (i32.const 101)) (then (call $error) (return)))
    (if (i32.eq (local.get $what) (i32.const 88)) (then (call $many (local.get $rest) (local.get $left) (i32.const 70) (i32.const 1)) (return)))
    (if (i32.eq (local.get $what) (i32.const 90)) (then (call $many (local.get $rest) (local.get $left) (i32.const 30) (i32.const 0)) (return)))
    (call $run (local.get $rest) (local.get $left))
    (if (i32.eq (local.get $what) (i32.const 84)) (then (unreachable)))
    (call $error))

  (func (export "hal9:plugin/tools@0.1.0#execute")
    (param i32 i32) (param $parameters i32) (param $bytes i32) (result i32)
    ;; {"op":"…"}
    (call $run (i32.add (local.get $parameters) (i32.const 7)) (i32.sub (local.get $bytes) (i32.const 9)))
    (global.set $next (i32.const 262144))
    (i32.const 1024))

  (func (export "hal9:plugin/neuron@0.1.0#process")
    (param i32 i32 i32 i32 i32 i32 i32) (param $content i32) (param $bytes i32) (param i32 i32 i64) (result i32)
    (call $run (local.get $content) (local.get $bytes))
    (global.set $next (i32.const 262144))
    (if (i32.load8_u (i32.const 1024)) (then (return (i32.const 1024))))
    (memory.fill (i32.const 2048) (i32.const 0) (i32.const 56))
    (i64.store offset=28 align=4 (i32.const 2048) (i64.load align=4 (i32.const 1028)))
    (i32.store8 (i32.const 1104) (i32.const 0))
    (i32.store (i32.const 1108) (i32.const 2048))
    (i32.store (i32.const 1112) (i32.const 1))
    (i32.const 1104))
  (func (export "hal9:plugin/neuron@0.1.0#export-state") (result i32) (unreachable))
  (func (export "hal9:plugin/neuron@0.1.0#import-state") (param i32 i32) (result i32) (unreachable))
)
