;; Grows its memory until that fails, touches every page, and answers with the number of pages.
(module
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "hal9:plugin/tools@0.1.0#execute") (param $tool i32) (param $tool-bytes i32) (param $parameters i32) (param $parameters-bytes i32) (result i32)
    (local $digits i32) (local $pages i32) (local $page i32)
    (block $full (loop $more (br_if $full (i32.eq (memory.grow (i32.const 16)) (i32.const -1))) (br $more)))
    (local.set $pages (memory.size))
    (loop $touch
      (i32.store (i32.mul (local.get $page) (i32.const 65536)) (i32.load (i32.mul (local.get $page) (i32.const 65536))))
      (br_if $touch (i32.lt_u (local.tee $page (i32.add (local.get $page) (i32.const 1))) (local.get $pages))))
    ;; The number in decimal, written backwards from 1040.
    (local.set $digits (i32.const 1040))
    (loop $digit
      (local.set $digits (i32.sub (local.get $digits) (i32.const 1)))
      (i32.store8 (local.get $digits) (i32.add (i32.const 48) (i32.rem_u (local.get $pages) (i32.const 10))))
      (br_if $digit (local.tee $pages (i32.div_u (local.get $pages) (i32.const 10)))))
    (i32.store (i32.const 2048) (i32.const 0))
    (i32.store (i32.const 2052) (local.get $digits))
    (i32.store (i32.const 2056) (i32.sub (i32.const 1040) (local.get $digits)))
    (i32.const 2048))
)
