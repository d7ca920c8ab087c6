;; Stops by its own `unreachable` because it may not have more memory.
(module
  (memory 1 20)
  (func (export "run")
    loop $l
      i32.const 1 memory.grow
      i32.const -1
      i32.ne
      br_if $l
    end
    unreachable))
