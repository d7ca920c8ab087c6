(module (import "hal9:plugin/logging@0.1.0" "[async-lower]log" (func (param i32 i32 i32) (result i32))))
