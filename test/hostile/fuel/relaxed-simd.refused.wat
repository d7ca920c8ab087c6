(module
  (func (export "run")
    v128.const i64x2 0 0
    v128.const i64x2 0 0
    i8x16.relaxed_swizzle
    drop))
