;; Not every round comes to the call: neither by way of a branch back before it, nor past the block it stands in.
(module
  (func $looks (param i32)
    local.get 0 if local.get 0 i32.const 1 i32.sub call $looks end)
  (func (export "run")
    (local i32)
    loop $first
      local.get 0 i32.const 1 i32.add local.tee 0
      i32.const 100000 i32.lt_u br_if $first
      i32.const 0 call $looks
    end
    loop $second
      block $past
        i32.const 1 br_if $past
        i32.const 0 call $looks
      end
      br $second
    end))
