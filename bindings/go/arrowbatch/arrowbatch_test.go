// SPDX-License-Identifier: Apache-2.0

package arrowbatch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"libincload.dev/go/incload"
)

var bg = context.Background()

var columns = arrow.NewSchema([]arrow.Field{
	{Name: "id", Type: arrow.PrimitiveTypes.Int64},
	{Name: "state", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "updated_at", Type: arrow.FixedWidthTypes.Timestamp_us},
}, nil)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, found, wanted T) {
	t.Helper()
	if found != wanted {
		t.Fatalf("%s is %v, not %v", what, found, wanted)
	}
}

func sqlite(t *testing.T) *incload.Database {
	t.Helper()
	database, err := incload.NewDatabase("odbc:Driver=SQLite3;Database=" + filepath.Join(t.TempDir(), "a.db"))
	must(t, err)
	t.Cleanup(func() { database.Close() })
	return database
}

// orders is a record of so many orders; every fourth has no state.
func orders(from, count int) arrow.RecordBatch {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, columns)
	defer builder.Release()
	for id := from; id < from+count; id++ {
		builder.Field(0).(*array.Int64Builder).Append(int64(id))
		if id%4 == 0 {
			builder.Field(1).AppendNull()
		} else {
			builder.Field(1).(*array.StringBuilder).Append([]string{"open", "paid"}[id%2])
		}
		builder.Field(2).(*array.TimestampBuilder).Append(arrow.Timestamp(1704067200000000 + int64(id)*1000000))
	}
	return builder.NewRecord()
}

// given is a reader of records that a function gives: nil ends it.
type given struct {
	schema *arrow.Schema
	next   func(index int) arrow.RecordBatch
	index  int
	record arrow.RecordBatch
	err    error
	users  atomic.Int64
}

func newGiven(next func(index int) arrow.RecordBatch) *given {
	made := &given{schema: columns, next: next}
	made.users.Store(1)
	return made
}

func (reader *given) Retain()               { reader.users.Add(1) }
func (reader *given) Schema() *arrow.Schema { return reader.schema }
func (reader *given) Err() error            { return reader.err }
func (reader *given) Record() arrow.Record  { return reader.record }

func (reader *given) RecordBatch() arrow.RecordBatch { return reader.record }

func (reader *given) Release() {
	if reader.users.Add(-1) == 0 && reader.record != nil {
		reader.record.Release()
	}
}

func (reader *given) Next() bool {
	if reader.record != nil {
		reader.record.Release()
	}
	reader.record = reader.next(reader.index)
	reader.index++
	return reader.record != nil && reader.err == nil
}

// load reads a reader into a table.
func load(t *testing.T, reader array.RecordReader, lake *incload.Database) (*incload.Run, error) {
	t.Helper()
	source, err := Source(reader)
	must(t, err)
	defer source.Close()
	run, err := incload.Load(bg, source, "rows", lake, "orders", incload.Upsert("id"))
	if run != nil {
		t.Cleanup(func() { run.Close() })
	}
	return run, err
}

func cell(t *testing.T, database *incload.Database, sql string) string {
	t.Helper()
	rows, err := database.Query(bg, sql)
	must(t, err)
	defer rows.Close()
	if !rows.Next() {
		t.Fatalf("%s: no row, %v", sql, rows.Err())
	}
	return fmt.Sprint(rows.Values()[0])
}

func TestARecordReaderIsTheSourceOfALoad(t *testing.T) {
	lake := sqlite(t)
	reader := newGiven(func(index int) arrow.RecordBatch {
		if index == 3 {
			return nil
		}
		return orders(index*1000, 1000)
	})
	run, err := load(t, reader, lake)
	must(t, err)
	equal(t, "rows written", run.RowsWritten(), 3000)
	equal(t, "rows", cell(t, lake, "SELECT count(*) FROM orders"), "3000")
	equal(t, "rows without a state", cell(t, lake, "SELECT count(*) FROM orders WHERE state IS NULL"), "750")
	equal(t, "the last", cell(t, lake, "SELECT max(id) FROM orders"), "2999")
	equal(t, "holders of the reader", reader.users.Load(), 1)
	reader.Release()
}

func TestAReaderWithoutRecordsIsAnEmptySource(t *testing.T) {
	lake := sqlite(t)
	run, err := load(t, newGiven(func(int) arrow.RecordBatch { return nil }), lake)
	must(t, err)
	equal(t, "rows read", run.RowsRead(), 0)
}

func TestWhatAReaderDoesWrongFailsItsLoadOnly(t *testing.T) {
	down := errors.New("the file is cut")
	for words, next := range map[string]func(reader *given, index int) arrow.RecordBatch{
		"the file is cut": func(reader *given, index int) arrow.RecordBatch {
			if index == 1 {
				reader.err = down
			}
			return orders(index*100, 100)
		},
		"panic: odd": func(_ *given, index int) arrow.RecordBatch {
			if index == 1 {
				panic("odd")
			}
			return orders(index*100, 100)
		},
		"ended its goroutine": func(_ *given, index int) arrow.RecordBatch {
			if index == 1 {
				runtime.Goexit()
			}
			return orders(index*100, 100)
		},
		"another schema": func(_ *given, index int) arrow.RecordBatch {
			if index == 1 {
				other := arrow.NewSchema(columns.Fields()[:1], nil)
				builder := array.NewRecordBuilder(memory.DefaultAllocator, other)
				defer builder.Release()
				return builder.NewRecord()
			}
			return orders(index*100, 100)
		},
	} {
		t.Run(words, func(t *testing.T) {
			lake := sqlite(t)
			var reader *given
			reader = newGiven(func(index int) arrow.RecordBatch { return next(reader, index) })
			_, err := load(t, reader, lake)
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Fatalf("told: %v", err)
			}
			equal(t, "holders of the reader", reader.users.Load(), 1)
			good := newGiven(func(index int) arrow.RecordBatch {
				if index == 1 {
					return nil
				}
				return orders(0, 10)
			})
			run, err := load(t, good, lake)
			must(t, err)
			equal(t, "rows written after it", run.RowsWritten(), 10)
		})
	}
}

func TestAReaderWithoutASchemaIsRefused(t *testing.T) {
	reader := newGiven(func(int) arrow.RecordBatch { return nil })
	reader.schema = nil
	if _, err := Source(reader); !errors.Is(err, incload.ErrInvalid) {
		t.Fatalf("told: %v", err)
	}
	if _, err := Source(newGiven(nil), incload.Options{"nosuch": 1}); !errors.Is(err, incload.ErrUnknownOption) {
		t.Fatalf("told: %v", err)
	}
}

func TestASourceThatNobodyReadIsGivenBack(t *testing.T) {
	reader := newGiven(func(int) arrow.RecordBatch { return orders(0, 1) })
	source, err := Source(reader)
	must(t, err)
	equal(t, "holders of the reader", reader.users.Load(), 2)
	source.Close()
	equal(t, "holders of the reader", reader.users.Load(), 1)
}

func filled(t *testing.T, rows int) *incload.Database {
	t.Helper()
	database := sqlite(t)
	_, err := load(t, newGiven(func(index int) arrow.RecordBatch {
		if index == 1 {
			return nil
		}
		return orders(0, rows)
	}), database)
	must(t, err)
	return database
}

func TestAFunctionSeesRecordsAndGivesOthers(t *testing.T) {
	lake := sqlite(t)
	sum := int64(0)
	run, err := incload.Load(bg, filled(t, 100), "orders", lake, "copy", incload.Upsert("id"),
		incload.WithProcess(Process(func(_ context.Context, record arrow.RecordBatch) (arrow.RecordBatch, error) {
			for _, id := range record.Column(record.Schema().FieldIndices("id")[0]).(*array.Int64).Int64Values() {
				sum += id
			}
			return record.NewSlice(10, record.NumRows()), nil
		})))
	must(t, err)
	defer run.Close()
	equal(t, "the sum of ids", sum, 4950)
	equal(t, "rows", cell(t, lake, "SELECT count(*) FROM copy"), "90")
}

func TestARecordMayOutliveItsBatch(t *testing.T) {
	var kept arrow.RecordBatch
	run, err := incload.Load(bg, filled(t, 100), "orders", sqlite(t), "copy", incload.Upsert("id"),
		incload.WithProcess(func(_ context.Context, batch *incload.Batch) (err error) {
			kept, err = Record(batch)
			return err
		}))
	must(t, err)
	run.Close()
	defer kept.Release()
	equal(t, "rows", kept.NumRows(), 100)
	equal(t, "a state", kept.Column(kept.Schema().FieldIndices("state")[0]).ValueStr(1), "paid")
}

func TestAnErrorOfAFunctionOfRecordsIsWrapped(t *testing.T) {
	odd := errors.New("odd")
	_, err := incload.Load(bg, filled(t, 10), "orders", sqlite(t), "copy", incload.Upsert("id"),
		incload.WithProcess(Process(func(context.Context, arrow.RecordBatch) (arrow.RecordBatch, error) {
			return nil, odd
		})))
	if !errors.Is(err, odd) {
		t.Fatalf("told: %v", err)
	}
}

// counted is a record that tells when it is released.
type counted struct {
	arrow.RecordBatch
	released *int
}

func (record counted) Release() {
	*record.released++
	record.RecordBatch.Release()
}

func TestARecordBesideAnErrorIsReleased(t *testing.T) {
	odd, released := errors.New("odd"), 0
	_, err := incload.Load(bg, filled(t, 10), "orders", sqlite(t), "copy", incload.Upsert("id"),
		incload.WithProcess(Process(func(context.Context, arrow.RecordBatch) (arrow.RecordBatch, error) {
			return counted{orders(0, 10), &released}, odd
		})))
	if !errors.Is(err, odd) {
		t.Fatalf("told: %v", err)
	}
	equal(t, "releases", released, 1)
}

// unwilling panics when it is released.
type unwilling struct{ *given }

func (unwilling) Release() { panic("not now") }

func TestAReaderThatPanicsWhenItIsReleasedHarmsNobody(t *testing.T) {
	source, err := Source(unwilling{newGiven(func(int) arrow.RecordBatch { return nil })})
	must(t, err)
	must(t, source.Close())
}

func TestAQueryIsARecordReader(t *testing.T) {
	reader, err := Query(bg, filled(t, 20000), "SELECT id, state FROM orders ORDER BY id")
	must(t, err)
	defer reader.Release()
	equal(t, "columns", len(reader.Schema().Fields()), 2)
	rows, records := int64(0), 0
	for reader.Next() {
		ids := reader.RecordBatch().Column(0).(*array.Int64)
		equal(t, "the first id", ids.Value(0), rows)
		rows += reader.RecordBatch().NumRows()
		records++
	}
	must(t, reader.Err())
	equal(t, "rows", rows, 20000)
	if records < 2 {
		t.Fatalf("%d records hold all", records)
	}
}

func TestAQueryOfOneDatabaseIsTheSourceForAnother(t *testing.T) {
	reader, err := Query(bg, filled(t, 20000), "SELECT * FROM orders WHERE state = 'paid'")
	must(t, err)
	defer reader.Release()
	run, err := load(t, reader, sqlite(t))
	must(t, err)
	equal(t, "rows written", run.RowsWritten(), 10000)
}

func TestAContextInterruptsAReader(t *testing.T) {
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	reader, err := Query(ctx, filled(t, 1), "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "+
		"WHERE i < 1000000000) SELECT i FROM n")
	must(t, err)
	defer reader.Release()
	if !reader.Next() {
		t.Fatalf("no record: %v", reader.Err())
	}
	begun := time.Now()
	cancel()
	for reader.Next() {
	}
	if took := time.Since(begun); took > 500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	if !errors.Is(reader.Err(), context.Canceled) {
		t.Fatalf("told: %v", reader.Err())
	}
}

func TestRecordsAreEvents(t *testing.T) {
	lake := filled(t, 10)
	changes, err := lake.Changes("orders", incload.Options{"key": "id"})
	must(t, err)
	defer changes.Close()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "op", Type: arrow.BinaryTypes.String}, {Name: "id", Type: arrow.PrimitiveTypes.Int64},
	}, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	builder.Field(0).(*array.StringBuilder).AppendValues([]string{"d", "d"}, nil)
	builder.Field(1).(*array.Int64Builder).AppendValues([]int64{3, 4}, nil)
	record := builder.NewRecord()
	defer record.Release()
	must(t, Push(changes, record, incload.Options{"operation": "op"}))
	must(t, changes.Commit(bg))
	equal(t, "rows", cell(t, lake, "SELECT count(*) FROM orders"), "8")
}
