(module
  (func $burn (loop $l br $l))
  (start $burn)
  (func (export "run")))
