;; Pasted into JavaScript, this module name would run.
(module (import "x': (globalThis.PWNED = 1), 'y" "log" (func)))
