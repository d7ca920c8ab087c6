;; A stack that is used up is no exception.
(module
  (func $f try call $g catch_all end)
  (func $g try call $f catch_all end)
  (func (export "run") call $f))
