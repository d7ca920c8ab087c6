;; So small that it is written several times over: with two ways back, and ways out that are never taken.
(module
  (func (export "run")
    (local i32 i64)
    block $out (result i64)
      loop $again (result i64)
        local.get 0 i32.const 1 i32.add local.tee 0
        i32.const 1 i32.and br_if $again
        local.get 1 i64.const 1 i64.add local.set 1
        i64.const -1 local.get 1 i64.const 0 i64.lt_s br_if $out drop
        i64.const 0 i64.const -1 i64.gt_s br_if $again
        local.get 1
      end
    end
    drop))
