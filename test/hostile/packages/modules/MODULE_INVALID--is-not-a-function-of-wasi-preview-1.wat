(module (import "wasi_snapshot_preview1" "hasOwnProperty" (func)))
