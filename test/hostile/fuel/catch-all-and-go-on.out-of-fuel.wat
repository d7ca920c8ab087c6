;; Whatever ends the inner loop is caught, and the next one begins.
(module
  (func $burn (loop $l br $l))
  (func (export "run")
    loop $again
      try
        call $burn
      catch_all
      end
      br $again
    end))
