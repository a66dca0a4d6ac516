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
	failed error
}

func (reader *guarded) Schema() *arrow.Schema { return reader.schema }

func (reader *guarded) Next() bool {
	if reader.failed != nil {
		return false
	}
	more := false
	reader.failed = errGone
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() {
			if value := recover(); value != nil {
				reader.failed = &incload.PanicError{Value: value, Stack: debug.Stack()}
			}
		}()
		more, reader.failed = reader.next()
	}()
	<-ended
	return more && reader.failed == nil
}

func (reader *guarded) next() (bool, error) {
	if !reader.RecordReader.Next() {
		return false, reader.RecordReader.Err()
	}
	record := reader.RecordBatch()
	switch {
	case record == nil:
		return false, errRecord
	case !record.Schema().Equal(reader.schema):
		return false, errOdd
	}
	return true, nil
}

func (reader *guarded) Err() error { return reader.failed }
