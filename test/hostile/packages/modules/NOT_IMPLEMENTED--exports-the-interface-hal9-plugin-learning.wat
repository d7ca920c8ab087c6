(module (memory (export "memory") 1) (func (export "hal9:plugin/learning@0.1.0#learn") (param i32 i32) (result i32) unreachable))
