;; A million turns, then a division by zero: not for free.
(module
  (func (export "run") (local i32)
    i32.const 1000000 local.set 0
    loop $l
      local.get 0 i32.const 1 i32.sub local.tee 0
      br_if $l
    end
    i32.const 1 local.get 0 i32.div_s drop))
