(module (import "__proto__" "toString" (func)))
