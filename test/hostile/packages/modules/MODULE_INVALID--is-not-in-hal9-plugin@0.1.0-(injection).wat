;; The same in the name of the field.
(module (import "hal9:plugin/logging@0.1.0" "x': (globalThis.PWNED = 1), 'y" (func)))
