// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"encoding/json"
	"runtime/cgo"
	"sync"
	"time"
	"unsafe"
)

// Unit is the part of a step that commits or fails as a whole. It is valid until the function it was handed to
// returns; later it tells nothing any more.
type Unit struct {
	mutex   sync.RWMutex
	pointer *C.incload_unit
	cancel  context.CancelFunc
	told    *told // of its run; asked for at once, as the run may have ended when the function returns
}

// newUnit lends a unit to a function, with a context that ends when the function returns or the unit shall stop.
func newUnit(pointer *C.incload_unit, by C.uintptr_t) (*Unit, context.Context) {
	unit := &Unit{pointer: pointer}
	ctx, cancel := context.WithCancel(context.Background())
	unit.cancel = cancel
	if by != 0 {
		unit.told = cgo.Handle(by).Value().(*told)
	} else {
		unit.told = toldOf(unit.RunID())
	}
	return unit, &unitContext{Context: ctx, unit: unit}
}

func (unit *Unit) end() {
	unit.cancel()
	unit.mutex.Lock()
	unit.pointer = nil
	unit.mutex.Unlock()
}

// with calls the library, to which a unit that has ended is NULL: it then says "" and 0.
func (unit *Unit) with(call func(*C.incload_unit)) {
	unit.mutex.RLock()
	defer unit.mutex.RUnlock()
	call(unit.pointer)
}

func (unit *Unit) text(ask func(*C.incload_unit) *C.char) (text string) {
	unit.with(func(pointer *C.incload_unit) { text = C.GoString(ask(pointer)) })
	return text
}

// Label is what it covers, for people: a table, a day.
func (unit *Unit) Label() string {
	return unit.text(func(pointer *C.incload_unit) *C.char { return C.incload_unit_label(pointer) })
}

// Step is the name of its step.
func (unit *Unit) Step() string {
	return unit.text(func(pointer *C.incload_unit) *C.char { return C.incload_unit_step(pointer) })
}

// RunID is the id of its run.
func (unit *Unit) RunID() string {
	return unit.text(func(pointer *C.incload_unit) *C.char { return C.incload_unit_run_id(pointer) })
}

// Key is that of a backfill over keys, or over a range with keys; else empty.
func (unit *Unit) Key() string {
	return unit.text(func(pointer *C.incload_unit) *C.char { return C.incload_unit_key(pointer) })
}

// Attempt is which attempt this is, from 1.
func (unit *Unit) Attempt() (attempt int) {
	unit.with(func(pointer *C.incload_unit) { attempt = int(C.incload_unit_attempt(pointer)) })
	return attempt
}

// Low is the first number, or microsecond since 1970 UTC, that a backfill's unit covers; of a key its place in the
// list.
func (unit *Unit) Low() (low int64) {
	unit.with(func(pointer *C.incload_unit) { low = int64(C.incload_unit_low(pointer)) })
	return low
}

// High is the first number or microsecond that it does not cover any more.
func (unit *Unit) High() (high int64) {
	unit.with(func(pointer *C.incload_unit) { high = int64(C.incload_unit_high(pointer)) })
	return high
}

// Start is the first instant that a unit of a range of time covers, in UTC.
func (unit *Unit) Start() time.Time { return time.UnixMicro(unit.Low()).UTC() }

// End is the first instant that it does not cover any more, in UTC.
func (unit *Unit) End() time.Time { return time.UnixMicro(unit.High()).UTC() }

// Cancelled is true once the run is cancelled, out of time or has lost its lease. The context that the function was
// handed ends then as well.
func (unit *Unit) Cancelled() (cancelled bool) {
	unit.with(func(pointer *C.incload_unit) { cancelled = C.incload_unit_is_cancelled(pointer) != 0 })
	return cancelled
}

// Beat is a sign of life, for steps with the option heartbeat; true when the unit should stop.
func (unit *Unit) Beat() (stop bool) {
	unit.with(func(pointer *C.incload_unit) { stop = C.incload_unit_beat(pointer) != 0 })
	return stop
}

// AddRows counts rows that the function moved by itself, for the run's figures.
func (unit *Unit) AddRows(read, written int64) {
	unit.with(func(pointer *C.incload_unit) {
		C.incload_unit_add_rows(pointer, C.int64_t(read), C.int64_t(written))
	})
}

// SetResult leaves a result for steps that come later: control data, no rows, at most 64 KiB.
func (unit *Unit) SetResult(data []byte) (err error) {
	unit.with(func(pointer *C.incload_unit) {
		var failure *C.incload_error
		C.incload_unit_set_result(pointer, first(data), C.size_t(len(data)), &failure)
		err = checked(failure)
	})
	return err
}

// SetJSON leaves a value as a result, as JSON.
func (unit *Unit) SetJSON(value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return unit.SetResult(data)
}

// Input is the result of another step of the pipeline that has succeeded; nil when there is none.
func (unit *Unit) Input(step string) (data []byte) {
	name := C.CString(step)
	defer freeText(name)
	unit.with(func(pointer *C.incload_unit) {
		var size C.size_t
		if found := C.incload_unit_input(pointer, name, &size); found != nil {
			data = C.GoBytes(found, C.int(size))
		}
	})
	return data
}

// InputJSON reads what another step left by SetJSON into *value.
func (unit *Unit) InputJSON(step string, value any) error {
	data := unit.Input(step)
	if data == nil {
		return &Error{Code: ErrNotFound, Message: "step '" + step + "' has left no result"}
	}
	return json.Unmarshal(data, value)
}

// LeaveOut leaves out a step that waits for this one, once this one is done: a branch that is not taken.
func (unit *Unit) LeaveOut(step string) (err error) {
	name, err := cText(step)
	if err != nil {
		return err
	}
	defer freeText(name)
	unit.with(func(pointer *C.incload_unit) {
		var failure *C.incload_error
		C.incload_unit_leave_out(pointer, name, &failure)
		err = checked(failure)
	})
	return err
}

// AddStep adds a step to the run, which waits for this unit's; the steps named by before, which come after this
// one and wait still, wait for the new one as well.
func (unit *Unit) AddStep(name string, step *Step, before ...string) error {
	pointer, leave, err := step.take()
	if err != nil {
		return err
	}
	defer leave()
	texts, err := newTexts(name, names(before, " "))
	if err != nil {
		return err
	}
	defer texts.free()
	unit.with(func(unit *C.incload_unit) {
		var failure *C.incload_error
		C.incload_unit_add_step(unit, texts[0], pointer, texts[1], &failure)
		err = checked(failure)
	})
	return err
}

// first is where bytes begin; nil when there are none.
func first(data []byte) unsafe.Pointer {
	if len(data) == 0 {
		return nil
	}
	return unsafe.Pointer(&data[0])
}

// unitContext is what a function is handed. Its values and deadline are those of the context that the run was started
// with. Only a function that asks for Done costs a goroutine, which looks whether the unit shall stop.
type unitContext struct {
	context.Context
	unit  *Unit
	watch sync.Once
}

const watchEvery = 10 * time.Millisecond

func (ctx *unitContext) Done() <-chan struct{} {
	ctx.watch.Do(func() { go ctx.look() })
	return ctx.Context.Done()
}

func (ctx *unitContext) look() {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		if ctx.unit.Cancelled() {
			ctx.unit.cancel()
		}
		select {
		case <-ctx.Context.Done():
			return
		case <-ticker.C:
		}
	}
}

func (ctx *unitContext) Err() error {
	if ctx.unit.Cancelled() {
		ctx.unit.cancel()
	}
	return ctx.Context.Err()
}

func (ctx *unitContext) Deadline() (time.Time, bool) { return ctx.started().Deadline() }

func (ctx *unitContext) Value(key any) any {
	if value := ctx.Context.Value(key); value != nil {
		return value
	}
	return ctx.started().Value(key)
}

// started is the context that the run was started with.
func (ctx *unitContext) started() context.Context { return ctx.unit.told.context() }
