// Does with files what it is told, by Go's os package as it is. The exports are those of the canonical ABI, by hand: one tool, which takes
// the steps that test/guests/files takes. Built by test/integration/files-go.test.ts.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"sort"
	"syscall"
	"time"
	"unsafe"
)

type answer struct {
	Ok    any    `json:"ok"`
	Error string `json:"error,omitempty"`
	Os    int    `json:"os,omitempty"`
}

// What the host has been given, so that it is there until the next call.
var kept [][]uint64

func main() {}

//go:wasmexport cabi_realloc
func realloc(_ unsafe.Pointer, _, _, size uint32) unsafe.Pointer {
	words := make([]uint64, size/8+1)
	kept = append(kept, words)
	return unsafe.Pointer(unsafe.SliceData(words))
}

//go:wasmexport hal9:plugin/tools@0.1.0#execute
func execute(_ unsafe.Pointer, _ uint32, text unsafe.Pointer, length uint32) unsafe.Pointer {
	var order struct{ Steps [][]any }
	err := json.Unmarshal(unsafe.Slice((*byte)(text), length), &order)
	answers := make([]answer, 0, len(order.Steps))
	for _, step := range order.Steps {
		answers = append(answers, carryOut(step))
	}
	if err != nil {
		answers = []answer{{Error: err.Error()}}
	}
	out, _ := json.Marshal(answers)
	kept = nil
	at := realloc(nil, 0, 1, uint32(len(out)))
	copy(unsafe.Slice((*byte)(at), len(out)), out)
	// result<string, plugin-error>: ok, and where the string is.
	result := realloc(nil, 0, 4, 64)
	fields := unsafe.Slice((*uint32)(result), 16)
	fields[1], fields[2] = uint32(uintptr(at)), uint32(len(out))
	return result
}

func carryOut(step []any) answer {
	text := func(index int) string {
		if index < len(step) {
			if value, ok := step[index].(string); ok {
				return value
			}
		}
		return ""
	}
	value, err := do(text(0), text(1), text(2), step)
	if err == nil {
		return answer{Ok: value}
	}
	kind := "other"
	for name, known := range map[string]error{"permission": fs.ErrPermission, "exist": fs.ErrExist, "not-exist": fs.ErrNotExist} {
		if errors.Is(err, known) {
			kind = name
		}
	}
	var errno syscall.Errno
	errors.As(err, &errno)
	return answer{Error: kind, Os: int(errno)}
}

func do(what, path, other string, step []any) (any, error) {
	switch what {
	case "read":
		bytes, err := os.ReadFile(path)
		return string(bytes), err
	case "write":
		return nil, os.WriteFile(path, []byte(other), 0o644)
	case "append":
		return nil, writeTo(path, other, os.O_APPEND|os.O_CREATE|os.O_WRONLY)
	case "create_new":
		return nil, writeTo(path, other, os.O_CREATE|os.O_EXCL|os.O_WRONLY)
	case "middle":
		return middle(path)
	case "truncate":
		return nil, os.Truncate(path, int64(step[2].(float64)))
	case "list":
		return list(path)
	case "stat":
		found, err := os.Lstat(path)
		if err != nil {
			return nil, err
		}
		return []any{found.Size(), found.IsDir(), found.Mode().Type() == fs.ModeSymlink, found.ModTime().UnixMilli()}, nil
	case "mkdir":
		return nil, os.Mkdir(path, 0o755)
	case "mkdirs":
		return nil, os.MkdirAll(path, 0o755)
	case "rm":
		return nil, os.Remove(path)
	case "rmtree":
		return nil, os.RemoveAll(path)
	case "rename":
		return nil, os.Rename(path, other)
	case "modified":
		at := time.UnixMilli(int64(step[2].(float64)))
		return nil, os.Chtimes(path, at, at)
	case "symlink":
		return nil, os.Symlink(path, other)
	case "temp":
		file, err := os.CreateTemp(path, "temp-*")
		if err != nil {
			return nil, err
		}
		return nil, errors.Join(file.Close(), os.Remove(file.Name()))
	}
	return nil, errors.ErrUnsupported
}

func writeTo(path, text string, flags int) error {
	file, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Sync(), file.Close())
}

// Reads and writes in the middle of a file.
func middle(path string) (any, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte("--"), 2); err != nil {
		return nil, err
	}
	if _, err := file.Seek(1, io.SeekStart); err != nil {
		return nil, err
	}
	found, err := io.ReadAll(file)
	return string(found), err
}

func list(path string) (any, error) {
	entries, err := os.ReadDir(path)
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	sort.Strings(names)
	return names, err
}
