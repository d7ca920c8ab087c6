(module (import "hal9:plugin/memory@0.1.0" "get" (func (param i32 i32 i32))))
