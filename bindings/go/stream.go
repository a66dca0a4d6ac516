// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
	"unsafe"
)

// Stream follows PostgreSQL's log into another database: every change of its tables, in the order of their commits,
// once.
type Stream struct {
	held     *handle
	follower *follower
}

// follower is the function of a stream, and the error that it returned last.
type follower struct {
	see    ChangeFunc
	failed atomic.Pointer[error]
}

func isSkip(err error) bool { return errors.Is(err, Skip) }

// NewStream prepares to follow a source into a target; the options are those of the object "stream".
func NewStream(source, target *Database, options ...Options) (*Stream, error) {
	text, err := Options{}.with(options...).pointer()
	if err != nil {
		return nil, err
	}
	defer freeText(text)
	from, to, leave, err := takeBoth(source, target)
	if err != nil {
		return nil, err
	}
	defer leave()
	var failure *C.incload_error
	pointer := C.incload_stream_new(from, to, text, &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	return &Stream{held: newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_stream_unref((*C.incload_stream)(pointer))
	})}, nil
}

func (stream *Stream) call(call func(*C.incload_stream, **C.incload_error)) error {
	pointer := stream.held.take()
	if pointer == nil {
		return closedError("stream")
	}
	defer stream.held.leave(pointer)
	var failure *C.incload_error
	call((*C.incload_stream)(pointer), &failure)
	return checked(failure)
}

func (stream *Stream) ask(ask func(*C.incload_stream)) {
	pointer := stream.held.take()
	defer stream.held.leave(pointer)
	ask((*C.incload_stream)(pointer))
}

// Close gives the stream back; its slot stays.
func (stream *Stream) Close() error { stream.held.close(); return nil }

// SetFunction lets a function see every change before it is applied.
func (stream *Stream) SetFunction(function ChangeFunc) error {
	stream.follower = &follower{see: function}
	return stream.call(func(pointer *C.incload_stream, failure **C.incload_error) {
		C.incload_go_set_change_function(pointer, keep(stream.follower), failure)
	})
}

// Run follows until what the option until says, Stop, or the end of ctx, which breaks it off: nothing is lost, as the
// next stream goes on behind what the target has. After that this object refuses to run again.
func (stream *Stream) Run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := cancelledBy(ctx, stream.call(func(pointer *C.incload_stream, failure **C.incload_error) {
		defer during(ctx, func() { C.incload_stream_cancel(pointer) })()
		C.incload_stream_run(pointer, failure)
	}))
	var failure *Error
	if errors.As(err, &failure) && failure.Code == ErrCallback && stream.follower != nil {
		if cause := stream.follower.failed.Load(); cause != nil {
			failure.cause = *cause
		}
	}
	return err
}

// Stop lets a run end soon: what was read whole is committed first. From any goroutine, also from the function.
func (stream *Stream) Stop() {
	stream.ask(func(stream *C.incload_stream) { C.incload_stream_stop(stream) })
}

// Cancel breaks a run off, whatever it does: nothing more lands.
func (stream *Stream) Cancel() {
	stream.ask(func(stream *C.incload_stream) { C.incload_stream_cancel(stream) })
}

// Remove takes the slot away from the source, and the position from the target.
func (stream *Stream) Remove() error {
	return stream.call(func(pointer *C.incload_stream, failure **C.incload_error) {
		C.incload_stream_remove(pointer, failure)
	})
}

// Position is where the last committed change stands: the end of its transaction in the log, and its number there.
func (stream *Stream) Position() (Position, error) {
	var place, ordinal C.uint64_t
	err := stream.call(func(pointer *C.incload_stream, failure **C.incload_error) {
		C.incload_stream_position(pointer, &place, &ordinal, failure)
	})
	return Position{uint64(place), uint64(ordinal)}, err
}

// LagBytes are those of the source's log between its end, as it was seen last, and the committed position.
func (stream *Stream) LagBytes() (lag int64) {
	stream.ask(func(stream *C.incload_stream) { lag = int64(C.incload_stream_lag_bytes(stream)) })
	return lag
}

// Lag is how old the last committed change was when it was committed in the target.
func (stream *Stream) Lag() (lag time.Duration) {
	stream.ask(func(stream *C.incload_stream) {
		lag = microseconds(C.incload_stream_lag_us(stream))
	})
	return lag
}

// Received is how far the source's log was read.
func (stream *Stream) Received() (place uint64) {
	stream.ask(func(stream *C.incload_stream) { place = uint64(C.incload_stream_received(stream)) })
	return place
}

// Confirmed is how far the source was told that it may throw its log away.
func (stream *Stream) Confirmed() (place uint64) {
	stream.ask(func(stream *C.incload_stream) { place = uint64(C.incload_stream_confirmed(stream)) })
	return place
}

// RetainedBytes are those of the log that the source keeps for the stream; too many is more than the option slot_alarm
// allows.
func (stream *Stream) RetainedBytes() (bytes int64, tooMany bool) {
	stream.ask(func(stream *C.incload_stream) {
		bytes = int64(C.incload_stream_retained_bytes(stream))
		tooMany = C.incload_stream_alarm(stream) != 0
	})
	return bytes, tooMany
}

// Transactions are how many of the source were handed to the target.
func (stream *Stream) Transactions() (count int64) {
	stream.ask(func(stream *C.incload_stream) { count = int64(C.incload_stream_transactions(stream)) })
	return count
}

// Commits are how many transactions the target needed for them.
func (stream *Stream) Commits() (count int64) {
	stream.ask(func(stream *C.incload_stream) { count = int64(C.incload_stream_commits(stream)) })
	return count
}

// NewStreamStep makes a step that follows a stream: until it has caught up, a position, or the run is drained. One run
// at a time may work with the stream, and nobody else meanwhile. Its options are those of "stream_step".
func NewStreamStep(stream *Stream, options ...Options) (*Step, error) {
	return consumerStep(stream.held, "stream", options,
		func(pointer unsafe.Pointer, text *C.char, failure **C.incload_error) *C.incload_step {
			return C.incload_step_new_stream((*C.incload_stream)(pointer), text, failure)
		})
}

// Changes are how many changes of a kind were handed to the target; Read are rows of the first copy.
func (stream *Stream) Changes(operation Operation) (count int64) {
	stream.ask(func(stream *C.incload_stream) {
		count = int64(C.incload_stream_changes(stream, C.int32_t(operation)))
	})
	return count
}

// Follow follows PostgreSQL's log until the option until says, or ctx ends: snapshot, hand-over, changes.
func Follow(ctx context.Context, source, into *Database, options ...Options) error {
	stream, err := NewStream(source, into, options...)
	if err != nil {
		return err
	}
	defer stream.Close()
	return stream.Run(ctx)
}

// Change is one change of a stream, valid until the function it was handed to returns.
type Change struct{ pointer *C.incload_change }

func (change *Change) check() error {
	if change.pointer == nil {
		return &Error{Code: ErrState, Message: "the function that this change was handed to has returned"}
	}
	return nil
}

// Operation is what it did.
func (change *Change) Operation() Operation {
	if change.check() != nil {
		return 0
	}
	return Operation(C.incload_change_operation(change.pointer))
}

// Table is its schema and table in the source.
func (change *Change) Table() (schema, table string) {
	if change.check() != nil {
		return "", ""
	}
	return C.GoString(C.incload_change_schema(change.pointer)), C.GoString(C.incload_change_table(change.pointer))
}

// Position is where it stands in the source's log: the end of its transaction, and its number there.
func (change *Change) Position() (Position, error) {
	if err := change.check(); err != nil {
		return Position{}, err
	}
	var place, ordinal C.uint64_t
	var failure *C.incload_error
	C.incload_change_position(change.pointer, &place, &ordinal, &failure)
	return Position{uint64(place), uint64(ordinal)}, checked(failure)
}

// Committed is when the source committed it.
func (change *Change) Committed() time.Time {
	if change.check() != nil {
		return time.Time{}
	}
	return instant(C.incload_change_committed_us(change.pointer))
}

// Row has the values that it brings, as texts, of a delete those that the log tells; a column that the log does
// not tell is not in it.
func (change *Change) Row() map[string]*string {
	return change.values(func(index C.int32_t, length *C.int64_t) *C.char {
		return C.incload_change_value(change.pointer, index, length)
	})
}

// Old has the values that an update replaced, where the log tells them.
func (change *Change) Old() map[string]*string {
	return change.values(func(index C.int32_t, length *C.int64_t) *C.char {
		return C.incload_change_old_value(change.pointer, index, length)
	})
}

func (change *Change) values(ask func(C.int32_t, *C.int64_t) *C.char) map[string]*string {
	if change.check() != nil {
		return nil
	}
	found := map[string]*string{}
	for index := C.int32_t(0); index < C.incload_change_column_count(change.pointer); index++ {
		var length C.int64_t
		value := ask(index, &length)
		if length < 0 {
			continue
		}
		name := C.GoString(C.incload_change_column_name(change.pointer, index))
		found[name] = nil
		if value != nil {
			text := C.GoStringN(value, C.int(length))
			found[name] = &text
		}
	}
	return found
}

// Set alters a value before it is applied; nil is NULL.
func (change *Change) Set(column string, value any) error {
	if err := change.check(); err != nil {
		return err
	}
	text, set, err := valueText(value)
	if err != nil {
		return &Error{Code: ErrInvalid, Message: "column '" + column + "': " + err.Error()}
	}
	given, err := cText(text)
	if err != nil {
		return err
	}
	defer freeText(given)
	for index := C.int32_t(0); index < C.incload_change_column_count(change.pointer); index++ {
		if C.GoString(C.incload_change_column_name(change.pointer, index)) != column {
			continue
		}
		var failure *C.incload_error
		if set {
			C.incload_change_set_value(change.pointer, index, given, &failure)
		} else {
			C.incload_change_set_value(change.pointer, index, nil, &failure)
		}
		return checked(failure)
	}
	return &Error{Code: ErrNotFound, Message: "the change has no column '" + column + "'"}
}
