;; The same with a tail call last: the callee's own check must bite.
(module
  (func $f (param i32)
    local.get 0
    i32.eqz
    if return end
    local.get 0 i32.const 1 i32.sub call $f
    local.get 0 i32.const 1 i32.sub call $f
    local.get 0 i32.const 1 i32.sub return_call $f)
  (func (export "run") i32.const 40 call $f))
