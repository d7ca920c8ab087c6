(module (import "hal9:plugin/clock@0.1.0" "now" (global i64)))
