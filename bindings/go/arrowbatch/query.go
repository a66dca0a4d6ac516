// SPDX-License-Identifier: Apache-2.0

package arrowbatch

import (
	"context"
	"sync/atomic"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/cdata"
	"libincload.dev/go/incload"
)

// reader is the result of a query.
type reader struct {
	rows   *incload.Rows
	schema *arrow.Schema
	record arrow.RecordBatch
	err    error
	users  atomic.Int64
}

// Query runs one query and reads its result. Release the reader: it holds a connection until then. When ctx ends, also
// while records are read, the query is interrupted at the server.
func Query(ctx context.Context, database *incload.Database, sql string) (array.RecordReader, error) {
	rows, err := database.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	var columns cdata.CArrowSchema
	if err := rows.ArrowSchema(unsafe.Pointer(&columns)); err != nil {
		rows.Close()
		return nil, err
	}
	schema, err := cdata.ImportCArrowSchema(&columns)
	if err != nil {
		rows.Close()
		return nil, err
	}
	found := &reader{rows: rows, schema: schema}
	found.users.Store(1)
	return found, nil
}

func (found *reader) Retain() { found.users.Add(1) }

func (found *reader) Release() {
	if found.users.Add(-1) == 0 {
		found.forget()
		found.rows.Close()
	}
}

func (found *reader) forget() {
	if found.record != nil {
		found.record.Release()
		found.record = nil
	}
}

func (found *reader) Schema() *arrow.Schema { return found.schema }

func (found *reader) Next() bool {
	found.forget()
	if found.err != nil {
		return false
	}
	var rows cdata.CArrowArray
	if !found.rows.NextArrow(unsafe.Pointer(&rows)) {
		found.err = found.rows.Err()
		return false
	}
	found.record, found.err = cdata.ImportCRecordBatchWithSchema(&rows, found.schema)
	return found.err == nil
}

func (found *reader) RecordBatch() arrow.RecordBatch { return found.record }

func (found *reader) Record() arrow.Record { return found.record }

func (found *reader) Err() error { return found.err }
