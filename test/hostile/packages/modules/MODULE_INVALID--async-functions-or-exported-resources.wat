(module (import "$root" "[task-cancel]" (func)))
