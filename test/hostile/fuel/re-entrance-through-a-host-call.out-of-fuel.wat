;; The host calls "again" whenever it is called: one budget for all activations.
(module
  (import "host" "reenter" (func $reenter))
  (func (export "again") (local i32)
    i32.const 100 local.set 0
    loop $l
      local.get 0 i32.const 1 i32.sub local.tee 0
      br_if $l
    end)
  (func (export "run")
    loop $l
      call $reenter
      br $l
    end))
