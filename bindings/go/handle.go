// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// live counts the objects of the library that this package holds: tests look at it.
var live atomic.Int64

// handle holds one reference to an object of the library. It is given back once: by Close, or by the collector. A
// call under way keeps it until it has returned, so Close never waits.
type handle struct {
	mutex   sync.Mutex
	pointer unsafe.Pointer
	release func(unsafe.Pointer)
	users   int
	closed  bool
}

func newHandle(pointer unsafe.Pointer, release func(unsafe.Pointer)) *handle {
	held := &handle{pointer: pointer, release: release}
	live.Add(1)
	runtime.SetFinalizer(held, func(held *handle) { held.close() })
	return held
}

// take gives the pointer for one call, or nil when the handle is closed; leave must follow.
func (held *handle) take() unsafe.Pointer {
	if held == nil {
		return nil
	}
	held.mutex.Lock()
	defer held.mutex.Unlock()
	if held.closed {
		return nil
	}
	held.users++
	return held.pointer
}

func (held *handle) leave(pointer unsafe.Pointer) {
	if pointer == nil {
		return
	}
	held.mutex.Lock()
	held.users--
	last := held.closed && held.users == 0
	held.mutex.Unlock()
	if last {
		held.drop()
	}
}

func (held *handle) close() {
	if held == nil {
		return
	}
	held.mutex.Lock()
	last := !held.closed && held.users == 0
	held.closed = true
	held.mutex.Unlock()
	if last {
		held.drop()
	}
}

func (held *handle) drop() {
	runtime.SetFinalizer(held, nil)
	held.release(held.pointer)
	held.pointer = nil
	live.Add(-1)
}

// freeText gives back what C.CString made.
func freeText(text *C.char) { C.free(unsafe.Pointer(text)) }
