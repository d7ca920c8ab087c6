(module (import "wasi:cli/environment@0.2.0" "get-environment" (func (param i32))))
