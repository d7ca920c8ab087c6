(module (import "hal9:plugin/__proto__@0.1.0" "constructor" (func)))
