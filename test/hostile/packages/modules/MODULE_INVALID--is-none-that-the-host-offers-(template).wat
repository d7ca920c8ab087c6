;; The same for a template literal and a double-quoted string.
(module (import "`;globalThis.PWNED=1;`\u{22}+(globalThis.PWNED=1)+\u{22}" "log" (func)))
