;; The host has no fuel to begin a call with, and nothing that it throws may be caught.
(module
  (import "host" "effect" (func $effect))
  (func (export "run")
    loop $again
      try
        call $effect
      catch_all
      end
      br $again
    end))
