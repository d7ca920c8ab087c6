;; Half of each turn runs, then it is thrown away: what was executed must be charged.
(module
  (tag $t)
  (func $turn
    (local i32)
    local.get 0 i32.const 1 i32.add local.set 0
    local.get 0 i32.const 1 i32.add local.set 0
    throw $t
    local.get 0 i32.const 1 i32.add local.set 0)
  (func (export "run")
    loop $again
      try
        call $turn
      catch $t
      end
      br $again
    end))
