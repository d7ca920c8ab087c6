;; Guest and host call each other, ever deeper.
(module
  (import "host" "reenter" (func $reenter))
  (func (export "again") call $reenter)
  (func (export "run") call $reenter))
