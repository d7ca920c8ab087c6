(module
  (table 10 funcref)
  (func (export "run") i32.const 0 ref.null func i32.const -1 table.fill))
