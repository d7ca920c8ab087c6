;; Our name with another core signature.
(module (import "hal9:plugin/logging@0.1.0" "log" (func (param i64))))
