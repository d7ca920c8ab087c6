(module
  (memory 1)
  (func (export "run") i32.const 0 i32.atomic.load drop))
