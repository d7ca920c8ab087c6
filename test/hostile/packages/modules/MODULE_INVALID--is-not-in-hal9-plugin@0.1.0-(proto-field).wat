(module (import "hal9:plugin/logging@0.1.0" "__proto__" (func)))
