// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"time"
	"unsafe"
)

// Capture carries changes of a table whose database shows no log: triggers write down which rows were touched, in a
// change table beside it, and what they are now is carried to the target. In the order: Install, Load, and Run as often
// as there may be changes. For one goroutine at a time, but for Cancel.
type Capture struct{ held *handle }

// NewCapture prepares to carry changes of a table to another; nothing is made. The options are those of the object
// "capture", such as key and deletes.
func NewCapture(source *Database, table string, target *Database, targetTable string, options ...Options) (
	*Capture, error) {
	given, err := Options{}.with(options...).text()
	if err != nil {
		return nil, err
	}
	texts, err := newTexts(table, targetTable, given)
	if err != nil {
		return nil, err
	}
	defer texts.free()
	from, to, leave, err := takeBoth(source, target)
	if err != nil {
		return nil, err
	}
	defer leave()
	var failure *C.incload_error
	pointer := C.incload_capture_new(from, texts[0], to, texts[1], texts[2], &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	return &Capture{newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_capture_unref((*C.incload_capture)(pointer))
	})}, nil
}

// Close gives it back. Nothing in a database changes.
func (capture *Capture) Close() error { capture.held.close(); return nil }

// call does what may take long, and interrupts it when the context ends.
func (capture *Capture) call(ctx context.Context, work func(*C.incload_capture, **C.incload_error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	pointer := capture.held.take()
	if pointer == nil {
		return closedError("change table")
	}
	defer capture.held.leave(pointer)
	taken := (*C.incload_capture)(pointer)
	defer during(ctx, func() { C.incload_capture_cancel(taken) })()
	var failure *C.incload_error
	work(taken, &failure)
	return cancelledBy(ctx, checked(failure))
}

func (capture *Capture) ask(ask func(*C.incload_capture)) {
	pointer := capture.held.take()
	defer capture.held.leave(pointer)
	ask((*C.incload_capture)(pointer))
}

// Install makes the change table and its triggers in the source, or completes what there is of them. From its return
// on, every change is caught. After the end of ctx this object refuses all, here as in the functions that follow.
func (capture *Capture) Install(ctx context.Context) error {
	return capture.call(ctx, func(pointer *C.incload_capture, failure **C.incload_error) {
		C.incload_capture_install(pointer, failure)
	})
}

// Remove takes the triggers and the change table out of the source, with the changes that were not consumed.
func (capture *Capture) Remove(ctx context.Context) error {
	return capture.call(ctx, func(pointer *C.incload_capture, failure **C.incload_error) {
		C.incload_capture_remove(pointer, failure)
	})
}

// Load brings the target to what the source is now: all of its rows are read.
func (capture *Capture) Load(ctx context.Context) error {
	return capture.call(ctx, func(pointer *C.incload_capture, failure **C.incload_error) {
		C.incload_capture_load(pointer, failure)
	})
}

// Run consumes the changes that there are; with the option until = "cancelled" also those that come, until ctx ends.
func (capture *Capture) Run(ctx context.Context) error {
	return capture.call(ctx, func(pointer *C.incload_capture, failure **C.incload_error) {
		C.incload_capture_run(pointer, failure)
	})
}

// Pending asks the source how many changes wait there, and how old the oldest is.
func (capture *Capture) Pending(ctx context.Context) (rows int64, age time.Duration, err error) {
	var count, oldest C.int64_t
	err = capture.call(ctx, func(pointer *C.incload_capture, failure **C.incload_error) {
		C.incload_capture_pending(pointer, &count, &oldest, failure)
	})
	return int64(count), microseconds(oldest), err
}

// Cancel interrupts what is under way, and refuses all later calls. From any goroutine.
func (capture *Capture) Cancel() {
	capture.ask(func(capture *C.incload_capture) { C.incload_capture_cancel(capture) })
}

// Consumed are the changes that this object has consumed.
func (capture *Capture) Consumed() (count int64) {
	capture.ask(func(capture *C.incload_capture) { count = int64(C.incload_capture_consumed(capture)) })
	return count
}

// RowsWritten are the rows of the target that were inserted or updated, without those of Load.
func (capture *Capture) RowsWritten() (count int64) {
	capture.ask(func(capture *C.incload_capture) { count = int64(C.incload_capture_rows_written(capture)) })
	return count
}

// RowsDeleted are the rows of the target that were deleted or marked, without those of Load.
func (capture *Capture) RowsDeleted() (count int64) {
	capture.ask(func(capture *C.incload_capture) { count = int64(C.incload_capture_rows_deleted(capture)) })
	return count
}

// NewCaptureStep makes a step that consumes the changes: until there are no more, or the run is drained. One run at a
// time may work with the change table, and nobody else meanwhile. Its options are those of "capture_step".
func NewCaptureStep(capture *Capture, options ...Options) (*Step, error) {
	return consumerStep(capture.held, "change table", options,
		func(pointer unsafe.Pointer, text *C.char, failure **C.incload_error) *C.incload_step {
			return C.incload_step_new_capture((*C.incload_capture)(pointer), text, failure)
		})
}

// consumerStep makes a step of something that applies changes.
func consumerStep(held *handle, kind string, options []Options,
	make func(unsafe.Pointer, *C.char, **C.incload_error) *C.incload_step) (*Step, error) {
	text, err := Options{}.with(options...).pointer()
	if err != nil {
		return nil, err
	}
	defer freeText(text)
	pointer := held.take()
	if pointer == nil {
		return nil, closedError(kind)
	}
	defer held.leave(pointer)
	var failure *C.incload_error
	step := make(pointer, text, &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	return newStep(step, 1), nil
}

func microseconds(count C.int64_t) time.Duration { return time.Duration(count) * time.Microsecond }

// instant is when something happened; the zero time for never.
func instant(us C.int64_t) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(us)).UTC()
}
