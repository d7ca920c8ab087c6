;; Few instructions, much work.
(module
  (memory 100)
  (func (export "run")
    loop $l
      i32.const 0 i32.const 1 i32.const 6553600 memory.fill
      br $l
    end))
