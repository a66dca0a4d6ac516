// SPDX-License-Identifier: Apache-2.0

package incload

// #include <errno.h>
// #include "glue.h"
import "C"

import (
	"context"
	"runtime"
	"unsafe"
)

// Rows are the result of a query, read batch by batch. For one goroutine at a time; Close them.
type Rows struct {
	stream *C.struct_ArrowArrayStream
	rows   *rows
	row    int
	ctx    context.Context
	err    error
}

// streamCodes are the codes behind the numbers by which a stream tells what went wrong.
var streamCodes = map[C.int32_t]Code{
	C.ENOMEM: ErrNoMemory, C.ECANCELED: ErrCancelled, C.ETIMEDOUT: ErrTimeout,
}

// Query runs one query and reads its result. When ctx ends, also while rows are read, it is interrupted at the
// server.
func (database *Database) Query(ctx context.Context, sql string) (*Rows, error) {
	found := &Rows{stream: &C.struct_ArrowArrayStream{}, ctx: ctx}
	if err := database.QueryArrow(ctx, sql, unsafe.Pointer(found.stream)); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(found, func(rows *Rows) { rows.Close() })
	return found, nil
}

// QueryArrow runs one query and lends its result to a consumer of Arrow: out is a pointer to a struct
// ArrowArrayStream of the C stream interface, which the consumer releases. When ctx ends before that, the reading is
// interrupted as well, and told as ECANCELED. The package arrowbatch makes a record reader of arrow-go of it.
func (database *Database) QueryArrow(ctx context.Context, sql string, out unsafe.Pointer) error {
	text, err := cText(sql)
	if err != nil {
		return err
	}
	defer freeText(text)
	call, stop, err := database.watched(ctx)
	if err != nil {
		return err
	}
	var failure *C.incload_error
	status := C.incload_go_query(call, text, (*C.struct_ArrowArrayStream)(out), keep(stop), &failure)
	if status != C.INCLOAD_OK && failure == nil {
		return &Error{Code: Code(status), Message: "the query's result was not opened"}
	}
	return cancelledBy(ctx, checked(failure))
}

// Next goes to the next row; false when there is none, or an error that Err tells.
func (found *Rows) Next() bool {
	for found.err == nil && found.stream != nil {
		if found.rows != nil && found.row+1 < int(found.rows.array.length) {
			found.row++
			return true
		}
		if !found.nextBatch() {
			return false
		}
	}
	return false
}

func (found *Rows) nextBatch() bool {
	next := &rows{}
	if !found.NextArrow(unsafe.Pointer(&next.array)) {
		return false
	}
	if err := found.ArrowSchema(unsafe.Pointer(&next.schema)); err != nil {
		next.release()
		found.err = err
		return false
	}
	next.read()
	found.rows, found.row = next, -1
	return true
}

// NextArrow lends the next rows, as many as come at once, to a consumer of Arrow: out is a pointer to a struct
// ArrowArray of the C data interface, which the consumer releases. False when there is none, or an error that Err
// tells.
func (found *Rows) NextArrow(out unsafe.Pointer) bool {
	found.forget()
	if found.err != nil || found.stream == nil {
		return false
	}
	defer runtime.KeepAlive(found)
	array := (*C.struct_ArrowArray)(out)
	if status := C.incload_go_next_array(found.stream, array); status != 0 {
		found.err = found.failure(status)
		return false
	}
	return array.release != nil
}

// ArrowSchema describes the columns to a consumer of Arrow: out is a pointer to a struct ArrowSchema, which the
// consumer releases.
func (found *Rows) ArrowSchema(out unsafe.Pointer) error {
	if found.stream == nil {
		return closedError("result")
	}
	defer runtime.KeepAlive(found)
	if status := C.incload_go_stream_schema(found.stream, (*C.struct_ArrowSchema)(out)); status != 0 {
		return found.failure(status)
	}
	return nil
}

func (found *Rows) failure(status C.int32_t) error {
	code, known := streamCodes[status]
	if !known {
		code = ErrSQL
	}
	return cancelledBy(found.ctx, &Error{Code: code, Message: C.GoString(C.incload_go_stream_error(found.stream))})
}

func (found *Rows) forget() {
	if found.rows != nil {
		found.rows.release()
		found.rows = nil
	}
}

// Values are those of the row, as Column.Value tells them.
func (found *Rows) Values() []any {
	if found.rows == nil || found.row < 0 {
		return nil
	}
	defer runtime.KeepAlive(found)
	values := make([]any, len(found.rows.columns))
	for index, column := range found.rows.columns {
		values[index] = column.Value(found.row)
	}
	return values
}

// Err is what ended the reading too early.
func (found *Rows) Err() error { return found.err }

// Close ends the reading. A second call does nothing.
func (found *Rows) Close() error {
	found.forget()
	if found.stream != nil {
		C.incload_go_release_stream(found.stream)
		found.stream = nil
		runtime.SetFinalizer(found, nil)
	}
	return nil
}
