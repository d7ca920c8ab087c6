(module (import "hal9:plugin/signals@0.1.0" "emit" (func (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i64 i32))))
