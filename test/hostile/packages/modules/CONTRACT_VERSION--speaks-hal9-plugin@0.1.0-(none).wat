(module (import "hal9:plugin/logging" "log" (func (param i32 i32 i32))))
