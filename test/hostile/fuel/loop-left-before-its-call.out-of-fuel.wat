;; The outer loop passes the inner one's header, and the inner one calls a function that looks at the fuel; but it is left before.
(module
  (func $looks (param i32)
    local.get 0 if local.get 0 i32.const 1 i32.sub call $looks end)
  (func (export "run")
    loop $outer
      block $left
        loop $inner
          i32.const 1 br_if $left
          i32.const 0 call $looks
          br $inner
        end
      end
      br $outer
    end))
