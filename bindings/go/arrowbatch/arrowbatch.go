// SPDX-License-Identifier: Apache-2.0

// Package arrowbatch lets incload and arrow-go hand rows to each other, without a copy: a load's batches are record
// batches of arrow-go, a record reader is the source of a load, and a query's result is a record reader.
//
// It is a module of its own, so that package incload needs no other. It needs Go 1.23, as arrow-go does.
package arrowbatch

import (
	"context"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/cdata"
	"libincload.dev/go/incload"
)

// Record lends the rows of a batch. Release it; it may outlive the batch.
func Record(batch *incload.Batch) (arrow.RecordBatch, error) {
	var schema cdata.CArrowSchema
	var rows cdata.CArrowArray
	if err := batch.Export(unsafe.Pointer(&schema), unsafe.Pointer(&rows)); err != nil {
		return nil, err
	}
	return cdata.ImportCRecordBatch(&rows, &schema)
}

// Replace puts other rows in the place of the batch's: with the same columns by name. The record stays the caller's.
func Replace(batch *incload.Batch, record arrow.RecordBatch) error {
	var schema cdata.CArrowSchema
	var rows cdata.CArrowArray
	cdata.ExportArrowRecordBatch(record, &rows, &schema)
	return batch.Replace(unsafe.Pointer(&schema), unsafe.Pointer(&rows))
}

// RecordFunc sees the rows of a batch, and gives others in their place, or nil to leave them as they are. Both records
// are released when it has returned.
type RecordFunc func(ctx context.Context, record arrow.RecordBatch) (arrow.RecordBatch, error)

// Process makes a function of records one for incload.WithProcess.
func Process(function RecordFunc) incload.BatchFunc {
	return func(ctx context.Context, batch *incload.Batch) error {
		record, err := Record(batch)
		if err != nil {
			return err
		}
		defer record.Release()
		other, err := function(ctx, record)
		if other != nil && other != record {
			defer other.Release()
		}
		if err != nil || other == nil {
			return err
		}
		return Replace(batch, other)
	}
}

// Push pushes the rows of a record, each an event: all of them, or none. The options are those of "changes_batch". The
// record stays the caller's.
func Push(changes *incload.Changes, record arrow.RecordBatch, options ...incload.Options) error {
	var schema cdata.CArrowSchema
	var rows cdata.CArrowArray
	cdata.ExportArrowRecordBatch(record, &rows, &schema)
	return changes.PushArrow(unsafe.Pointer(&schema), unsafe.Pointer(&rows), options...)
}
