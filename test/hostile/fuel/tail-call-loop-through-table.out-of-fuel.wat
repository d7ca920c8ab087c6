(module
  (type $t (func (param i32)))
  (table 1 funcref)
  (elem (i32.const 0) $f)
  (func $f (type $t) local.get 0 i32.const 0 return_call_indirect (type $t))
  (func (export "run") i32.const 0 call $f))
