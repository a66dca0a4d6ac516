// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"time"
	"unsafe"
)

// pollMS is how long a call into C waits for an event before it looks at its context again.
const pollMS = 50

// Version is that of the shared library, such as "0.1.0".
func Version() string { return C.GoString(C.incload_version()) }

// HasDriver tells whether this build of the library has a driver: "libpq" or "odbc".
func HasDriver(name string) bool {
	text := C.CString(name)
	defer freeText(text)
	return C.incload_has_driver(text) != 0
}

// Context has a queue of events, which the databases and pipelines that are made in it share. Who needs no events
// needs no Context.
type Context struct{ held *handle }

// NewContext makes a context; its options are those of the object "context".
func NewContext(options ...Options) (*Context, error) {
	text, err := Options{}.with(options...).pointer()
	if err != nil {
		return nil, err
	}
	defer freeText(text)
	var failure *C.incload_error
	pointer := C.incload_context_new(text, &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	return &Context{newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_context_unref((*C.incload_context)(pointer))
	})}, nil
}

// Close gives the context back. What was made in it goes on.
func (c *Context) Close() error { c.held.close(); return nil }

func (c *Context) take() (*C.incload_context, func(), error) {
	if c == nil {
		return nil, func() {}, nil
	}
	pointer := c.held.take()
	if pointer == nil {
		return nil, nil, closedError("context")
	}
	return (*C.incload_context)(pointer), func() { c.held.leave(pointer) }, nil
}

// AbandonedCalls are calls of ODBC drivers that did not return in time, and go on by themselves.
func (c *Context) AbandonedCalls() int64 {
	pointer, leave, err := c.take()
	if err != nil {
		return 0
	}
	defer leave()
	return int64(C.incload_context_abandoned_calls(pointer))
}

// EventKind tells what an event is about. There may be more than those that are named here.
type EventKind int

// The kinds of events.
const (
	RunStarted   EventKind = C.INCLOAD_EVENT_RUN_STARTED
	UnitStarted  EventKind = C.INCLOAD_EVENT_UNIT_STARTED
	Progress     EventKind = C.INCLOAD_EVENT_PROGRESS
	UnitFinished EventKind = C.INCLOAD_EVENT_UNIT_FINISHED
	RunFinished  EventKind = C.INCLOAD_EVENT_RUN_FINISHED
	Notice       EventKind = C.INCLOAD_EVENT_NOTICE
	StepFinished EventKind = C.INCLOAD_EVENT_STEP_FINISHED
	UnitWaits    EventKind = C.INCLOAD_EVENT_UNIT_WAITS
)

// Event is something that happened in a run.
type Event struct {
	Kind        EventKind
	Time        time.Time
	RunID       string
	Step        string
	Unit        string
	Status      Status
	RowsRead    int64
	RowsWritten int64
	Bytes       int64
	Message     string
}

// NextEvent waits for the oldest event that was not taken yet, and gives the context's error when that ends before.
func (c *Context) NextEvent(ctx context.Context) (Event, error) {
	pointer, leave, err := c.take()
	if err != nil {
		return Event{}, err
	}
	defer leave()
	for {
		wait := C.int64_t(pollMS)
		if ctx.Err() != nil {
			wait = 0
		}
		var failure *C.incload_error
		event := C.incload_context_next_event(pointer, wait, &failure)
		if err := checked(failure); err != nil {
			return Event{}, err
		}
		if event != nil {
			defer C.incload_event_unref(event)
			return eventOf(event), nil
		}
		if err := ctx.Err(); err != nil {
			return Event{}, err
		}
	}
}

func eventOf(event *C.incload_event) Event {
	return Event{
		Kind:        EventKind(C.incload_event_kind(event)),
		Time:        time.UnixMicro(int64(C.incload_event_time_us(event))).UTC(),
		RunID:       C.GoString(C.incload_event_run_id(event)),
		Step:        C.GoString(C.incload_event_step(event)),
		Unit:        C.GoString(C.incload_event_unit(event)),
		Status:      Status(C.incload_event_status(event)),
		RowsRead:    int64(C.incload_event_rows_read(event)),
		RowsWritten: int64(C.incload_event_rows_written(event)),
		Bytes:       int64(C.incload_event_bytes(event)),
		Message:     C.GoString(C.incload_event_message(event)),
	}
}
