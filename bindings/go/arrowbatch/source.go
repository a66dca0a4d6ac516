// SPDX-License-Identifier: Apache-2.0

package arrowbatch

import (
	"errors"
	"runtime/debug"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"
	"libincload.dev/go/incload"
)

// Source makes a record reader the source of one load: it is one table by any name, read once. The reader is retained
// until the load has read it, or the source is closed. One that panics, or gives a record of another schema, fails its
// load alone.
func Source(reader array.RecordReader, options ...incload.Options) (*incload.Database, error) {
	return SourceIn(nil, reader, options...)
}

// SourceIn is Source for a source whose events go to a context.
func SourceIn(home *incload.Context, reader array.RecordReader, options ...incload.Options) (*incload.Database, error) {
	schema := reader.Schema()
	if schema == nil {
		return nil, &incload.Error{Code: incload.ErrInvalid, Message: "the record reader has no schema"}
	}
	var stream cdata.CArrowArrayStream
	cdata.ExportRecordReader(&guarded{RecordReader: reader, schema: schema}, &stream)
	return home.NewArrowDatabase(unsafe.Pointer(&stream), options...)
}

var (
	errGone   = errors.New("the record reader has ended its goroutine instead of returning")
	errOdd    = errors.New("the record reader gave a record of another schema than its own")
	errRecord = errors.New("the record reader gave no record")
)

// guarded is a reader whose panics and odd records end the reading with an error: a panic would unwind through the
// library's frames, and so would a runtime.Goexit.
type guarded struct {
	array.RecordReader
	schema *arrow.Schema
	record arrow.RecordBatch
	failed error
}

// guard calls the host's reader on a goroutine of its own.
func guard(function func() error) (failed error) {
	failed = errGone
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() {
			if value := recover(); value != nil {
				failed = &incload.PanicError{Value: value, Stack: debug.Stack()}
			}
		}()
		failed = function()
	}()
	<-ended
	return failed
}

func (reader *guarded) Schema() *arrow.Schema { return reader.schema }

func (reader *guarded) Next() bool {
	reader.record = nil
	if reader.failed == nil {
		reader.failed = guard(reader.next)
	}
	return reader.failed == nil && reader.record != nil
}

func (reader *guarded) next() error {
	if !reader.RecordReader.Next() {
		return reader.RecordReader.Err()
	}
	record := reader.RecordReader.RecordBatch()
	switch {
	case record == nil:
		return errRecord
	case !record.Schema().Equal(reader.schema):
		return errOdd
	}
	reader.record = record
	return nil
}

func (reader *guarded) RecordBatch() arrow.RecordBatch { return reader.record }

func (reader *guarded) Record() arrow.Record { return reader.record }

func (reader *guarded) Err() error { return reader.failed }

// Release has nobody to tell that the host's reader panics.
func (reader *guarded) Release() {
	_ = guard(func() error { reader.RecordReader.Release(); return nil })
}
