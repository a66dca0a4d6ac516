// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"fmt"
	"io"
	"runtime/cgo"
	"sync/atomic"
	"unsafe"
)

// UnitFunc does the work of a unit: nil when it is done; Skip, Retry and the like say more than that it failed. Its
// context ends when the run is cancelled, and when the function returns.
type UnitFunc func(ctx context.Context, unit *Unit) error

// BatchFunc sees every batch of a load between source and target: it may look at it, change it, drop rows of it, or
// fail. What it lets pass lands in the same transaction as the watermark; when it fails nothing lands.
type BatchFunc func(ctx context.Context, batch *Batch) error

// CheckFunc sees how many rows a load is about to publish, and returns an error to refuse them.
type CheckFunc func(rowsRead, rowsStaged int64) error

// FetchFunc pushes the next events of a step that was made by NewChangesStep: Yield says that there may be more, nil
// that it has caught up.
type FetchFunc func(ctx context.Context, unit *Unit, changes *Changes) error

// ChangeFunc sees each change of a stream before it is applied, and may alter it; Skip leaves it out.
type ChangeFunc func(change *Change) error

// condition is a UnitFunc whose success says nothing of the step's own unit.
type condition UnitFunc

// kept counts the functions that the library holds: tests look at it.
var kept atomic.Int64

// keep hands a function to the library, which gives it back by incloadGoDestroy, whatever happens.
func keep(function any) C.uintptr_t {
	kept.Add(1)
	return C.uintptr_t(cgo.NewHandle(function))
}

func keptFunction(user C.uintptr_t) any { return cgo.Handle(user).Value() }

//export incloadGoDestroy
func incloadGoDestroy(user C.uintptr_t) {
	cgo.Handle(user).Delete()
	kept.Add(-1)
}

//export incloadGoReleased
func incloadGoReleased(user C.uintptr_t) {
	keptFunction(user).(func())()
	incloadGoDestroy(user)
}

//export incloadGoUnit
func incloadGoUnit(pointer *C.incload_unit, by, user C.uintptr_t) C.int32_t {
	function := keptFunction(user).(UnitFunc)
	unit, ctx := newUnit(pointer, by)
	defer unit.end()
	return unit.outcome(ended(func() error { return function(ctx, unit) }))
}

//export incloadGoCondition
func incloadGoCondition(pointer *C.incload_unit, by, user C.uintptr_t) C.int32_t {
	function := keptFunction(user).(condition)
	unit, ctx := newUnit(pointer, by)
	defer unit.end()
	return unit.outcome(ended(func() error { return function(ctx, unit) }))
}

//export incloadGoBatch
func incloadGoBatch(pointer *C.incload_unit, by C.uintptr_t, rows *C.incload_batch, user C.uintptr_t) C.int32_t {
	function := keptFunction(user).(BatchFunc)
	unit, ctx := newUnit(pointer, by)
	defer unit.end()
	batch := &Batch{unit: unit, pointer: rows}
	defer batch.end()
	if found := ended(func() error { return function(ctx, batch) }); found != nil {
		unit.failed(found)
		return 0
	}
	return C.INCLOAD_DONE
}

//export incloadGoCheck
func incloadGoCheck(pointer *C.incload_unit, by C.uintptr_t, rowsRead, rowsStaged C.int64_t,
	user C.uintptr_t) C.int32_t {
	function := keptFunction(user).(CheckFunc)
	unit, _ := newUnit(pointer, by)
	defer unit.end()
	if found := ended(func() error { return function(int64(rowsRead), int64(rowsStaged)) }); found != nil {
		unit.failed(found)
		return 0
	}
	return C.INCLOAD_DONE
}

//export incloadGoFetch
func incloadGoFetch(pointer *C.incload_unit, by, user C.uintptr_t) C.int32_t {
	function := keptFunction(user).(fetcher)
	unit, ctx := newUnit(pointer, by)
	defer unit.end()
	return unit.outcome(ended(func() error { return function.fetch(ctx, unit, function.changes) }))
}

//export incloadGoChange
func incloadGoChange(pointer *C.incload_change, user C.uintptr_t) C.int32_t {
	function := keptFunction(user).(*follower)
	change := &Change{pointer: pointer}
	skipped := false
	err := guarded(func() error {
		err := function.see(change)
		skipped = err != nil && isSkip(err)
		return err
	})
	change.pointer = nil
	switch {
	case skipped:
		return C.INCLOAD_SKIP
	case err == nil:
		return C.INCLOAD_DONE
	}
	function.failed.Store(&err)
	return 0
}

//export incloadGoWrite
func incloadGoWrite(text *C.char, size C.size_t, user C.uintptr_t) C.int32_t {
	writing := keptFunction(user).(*writing)
	data := C.GoBytes(unsafe.Pointer(text), C.int(size))
	writing.err = guarded(func() error {
		written, err := writing.to.Write(data)
		if err == nil && written < len(data) {
			err = io.ErrShortWrite
		}
		return err
	})
	if writing.err != nil {
		return 0
	}
	return C.INCLOAD_DONE
}

// writing is a report on its way into a writer.
type writing struct {
	to  io.Writer
	err error
}

// write has the library write into w; the writer's own error is wrapped.
func write(w io.Writer, call func(user C.uintptr_t, failure **C.incload_error)) error {
	into := &writing{to: w}
	user := cgo.NewHandle(into)
	defer user.Delete()
	var failure *C.incload_error
	call(C.uintptr_t(user), &failure)
	told := taken(failure)
	if told == nil {
		return nil
	}
	if into.err != nil {
		told.cause = into.err
	}
	return told
}

func (found Status) String() string {
	if int(found) < len(statusNames) && found > 0 {
		return statusNames[found]
	}
	return fmt.Sprintf("Status(%d)", int(found))
}
