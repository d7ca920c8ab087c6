(module (import "wasi:sockets/tcp@0.2.0" "[method]tcp-socket.start-connect" (func (param i32))))
