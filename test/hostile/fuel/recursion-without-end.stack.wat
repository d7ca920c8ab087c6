(module
  (func $f (param i64) (result i64) local.get 0 i64.const 1 i64.add call $f i64.const 1 i64.add)
  (func (export "run") i64.const 0 call $f drop))
