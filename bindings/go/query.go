// SPDX-License-Identifier: Apache-2.0

package incload

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
	err    error
}

// Query runs one query and reads its result. The context is looked at before that, and not on the way: bound it by the
// option statement_timeout.
func (database *Database) Query(ctx context.Context, sql string) (*Rows, error) {
	found := &Rows{stream: &C.struct_ArrowArrayStream{}}
	if err := database.QueryArrow(ctx, sql, unsafe.Pointer(found.stream)); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(found, func(rows *Rows) { rows.Close() })
	return found, nil
}

// QueryArrow runs one query and lends its result to a consumer of Arrow: out is a pointer to a struct
// ArrowArrayStream of the C stream interface, which the consumer releases.
func (database *Database) QueryArrow(ctx context.Context, sql string, out unsafe.Pointer) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	text, err := cText(sql)
	if err != nil {
		return err
	}
	defer freeText(text)
	return database.call(context.Background(), func(pointer *C.incload_database, failure **C.incload_error) {
		C.incload_database_query(pointer, text, (*C.struct_ArrowArrayStream)(out), failure)
	})
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
	found.forget()
	next := &rows{}
	if C.incload_go_next_array(found.stream, &next.array) != 0 {
		found.err = &Error{Code: ErrSQL, Message: C.GoString(C.incload_go_stream_error(found.stream))}
		return false
	}
	if next.array.release == nil {
		return false
	}
	if C.incload_go_stream_schema(found.stream, &next.schema) != 0 {
		next.release()
		found.err = &Error{Code: ErrSQL, Message: C.GoString(C.incload_go_stream_error(found.stream))}
		return false
	}
	next.read()
	found.rows, found.row = next, -1
	return true
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
