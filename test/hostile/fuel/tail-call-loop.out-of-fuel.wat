;; A loop that is none.
(module
  (func $f (param i32) local.get 0 i32.const 1 i32.add return_call $g)
  (func $g (param i32) local.get 0 return_call $f)
  (func (export "run") i32.const 0 call $f))
