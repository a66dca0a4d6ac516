// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"unsafe"
)

// Operation is what an event did to its row.
type Operation int

// The operations.
const (
	Insert    Operation = C.INCLOAD_CHANGE_INSERT
	Update    Operation = C.INCLOAD_CHANGE_UPDATE
	Delete    Operation = C.INCLOAD_CHANGE_DELETE
	Truncate  Operation = C.INCLOAD_CHANGE_TRUNCATE
	Read      Operation = C.INCLOAD_CHANGE_READ
	Tombstone Operation = C.INCLOAD_CHANGE_TOMBSTONE
)

// Row has values by the names of their columns: text, []byte, bool, numbers, time.Time; nil for NULL.
type Row map[string]any

// Position is where an event stands in the order of all, and among those of one place. The zero Position is none.
type Position struct{ Place, Ordinal uint64 }

// Changes are events for a table, or for several tables of a group, that are folded by key and land in one
// transaction a commit, together with the position of the last. For one goroutine at a time, but for Cancel.
type Changes struct{ held *handle }

func newChanges(pointer *C.incload_changes) *Changes {
	return &Changes{newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_changes_unref((*C.incload_changes)(pointer))
	})}
}

// Changes prepares to apply events to a table; the options are those of the object "changes", such as key and
// deletes.
func (database *Database) Changes(table string, options ...Options) (*Changes, error) {
	return database.changes(table, options, func(database *C.incload_database, table, text *C.char,
		failure **C.incload_error) *C.incload_changes {
		return C.incload_changes_new(database, table, text, failure)
	})
}

// ChangeGroup prepares to apply events to several tables, which land together, with their position under the name.
func (database *Database) ChangeGroup(name string, options ...Options) (*Changes, error) {
	return database.changes(name, options, func(database *C.incload_database, name, text *C.char,
		failure **C.incload_error) *C.incload_changes {
		return C.incload_changes_new_group(database, name, text, failure)
	})
}

func (database *Database) changes(name string, options []Options, make func(*C.incload_database, *C.char, *C.char,
	**C.incload_error) *C.incload_changes) (*Changes, error) {
	texts, err := newTextsWith(name, options)
	if err != nil {
		return nil, err
	}
	defer texts.free()
	target, leave, err := database.take()
	if err != nil {
		return nil, err
	}
	defer leave()
	var failure *C.incload_error
	pointer := make(target, texts[0], texts[1], &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	return newChanges(pointer), nil
}

// AddTable adds a table to a group; push its events to what this gives.
func (changes *Changes) AddTable(table string, options ...Options) (*Changes, error) {
	texts, err := newTextsWith(table, options)
	if err != nil {
		return nil, err
	}
	defer texts.free()
	var added *C.incload_changes
	err = changes.call(func(group *C.incload_changes, failure **C.incload_error) {
		added = C.incload_changes_add_table(group, texts[0], texts[1], failure)
	})
	if err != nil {
		return nil, err
	}
	return newChanges(added), nil
}

func (changes *Changes) call(call func(*C.incload_changes, **C.incload_error)) error {
	pointer := changes.held.take()
	if pointer == nil {
		return closedError("object of changes")
	}
	defer changes.held.leave(pointer)
	var failure *C.incload_error
	call((*C.incload_changes)(pointer), &failure)
	return checked(failure)
}

// Close gives them back; events that were not committed are dropped.
func (changes *Changes) Close() error { changes.held.close(); return nil }

// Push pushes one event with the columns that it brings; for a delete those of the key suffice.
func (changes *Changes) Push(operation Operation, row Row, at Position) error {
	columns, values, err := rowArrays(row)
	if err != nil {
		return err
	}
	defer columns.free()
	defer values.free()
	return changes.call(func(pointer *C.incload_changes, failure **C.incload_error) {
		C.incload_go_push(pointer, C.int32_t(operation), columns.first, values.first, columns.count,
			C.uint64_t(at.Place), C.uint64_t(at.Ordinal), failure)
	})
}

// PushUpdate pushes an update that may have changed the key: old is the row as it was, at least its key.
func (changes *Changes) PushUpdate(old, row Row, at Position) error {
	pair, err := newRowPair(old, row)
	if err != nil {
		return err
	}
	defer pair.free()
	return changes.call(func(pointer *C.incload_changes, failure **C.incload_error) {
		C.incload_go_push_update(pointer, pair.oldColumns.first, pair.oldValues.first, pair.oldColumns.count,
			pair.columns.first, pair.values.first, pair.columns.count, C.uint64_t(at.Place), C.uint64_t(at.Ordinal),
			failure)
	})
}

// PushDebezium pushes one message of Debezium, in JSON: a nil key where there is none, a nil value for a tombstone.
func (changes *Changes) PushDebezium(key, value []byte, at Position) error {
	pair, err := newTextArray([]maybeText{{string(key), key != nil}, {string(value), value != nil}})
	if err != nil {
		return err
	}
	defer pair.free()
	texts := unsafe.Slice(pair.first, 2)
	return changes.call(func(pointer *C.incload_changes, failure **C.incload_error) {
		C.incload_changes_push_debezium(pointer, texts[0], texts[1], C.uint64_t(at.Place), C.uint64_t(at.Ordinal),
			failure)
	})
}

// PushArrow pushes the rows of a batch, each an event, all of them or none: pointers to struct ArrowSchema and struct
// ArrowArray of the C data interface, which are released in any case. The options are those of "changes_batch": which
// columns hold the operation and the position.
func (changes *Changes) PushArrow(schema, array unsafe.Pointer, options ...Options) error {
	columns, rows := (*C.struct_ArrowSchema)(schema), (*C.struct_ArrowArray)(array)
	defer C.incload_go_release(columns, rows)
	text, err := Options{}.with(options...).pointer()
	if err != nil {
		return err
	}
	defer freeText(text)
	return changes.call(func(pointer *C.incload_changes, failure **C.incload_error) {
		C.incload_changes_push_batch(pointer, columns, rows, text, failure)
	})
}

// Commit writes what was pushed, with its position, in one transaction of the target. When ctx ends, the commit under
// way is interrupted, and this object refuses all later ones.
func (changes *Changes) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return cancelledBy(ctx, changes.call(func(pointer *C.incload_changes, failure **C.incload_error) {
		defer during(ctx, func() { C.incload_changes_cancel(pointer) })()
		C.incload_changes_commit(pointer, failure)
	}))
}

// during has cancel called if the context ends before what is returned is called.
func during(ctx context.Context, cancel func()) func() {
	if ctx.Done() == nil {
		return func() {}
	}
	over, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		select {
		case <-ctx.Done():
			cancel()
		case <-over:
		}
	}()
	return func() {
		close(over)
		<-gone
	}
}

func (changes *Changes) ask(ask func(*C.incload_changes)) {
	pointer := changes.held.take()
	defer changes.held.leave(pointer)
	ask((*C.incload_changes)(pointer))
}

// Discard drops what was pushed and not committed.
func (changes *Changes) Discard() {
	changes.ask(func(changes *C.incload_changes) { C.incload_changes_discard(changes) })
}

// Cancel interrupts a commit under way, and refuses all later ones. From any goroutine.
func (changes *Changes) Cancel() {
	changes.ask(func(changes *C.incload_changes) { C.incload_changes_cancel(changes) })
}

// Position is where the last committed event stood: whoever reads events goes on behind it.
func (changes *Changes) Position() (Position, error) {
	var place, ordinal C.uint64_t
	err := changes.call(func(pointer *C.incload_changes, failure **C.incload_error) {
		C.incload_changes_position(pointer, &place, &ordinal, failure)
	})
	return Position{uint64(place), uint64(ordinal)}, err
}

func (changes *Changes) count(ask func(*C.incload_changes) C.int64_t) (count int64) {
	changes.ask(func(changes *C.incload_changes) { count = int64(ask(changes)) })
	return count
}

// Pending are the events that wait for a commit.
func (changes *Changes) Pending() int64 {
	return changes.count(func(changes *C.incload_changes) C.int64_t { return C.incload_changes_pending(changes) })
}

// Applied are the events that were committed.
func (changes *Changes) Applied() int64 {
	return changes.count(func(changes *C.incload_changes) C.int64_t { return C.incload_changes_applied(changes) })
}

// Skipped are the events that were committed before, or came twice.
func (changes *Changes) Skipped() int64 {
	return changes.count(func(changes *C.incload_changes) C.int64_t { return C.incload_changes_skipped(changes) })
}

// RowsWritten are the rows of the target that were inserted or updated.
func (changes *Changes) RowsWritten() int64 {
	return changes.count(func(changes *C.incload_changes) C.int64_t { return C.incload_changes_rows_written(changes) })
}

// RowsDeleted are the rows of the target that were deleted, or marked as deleted.
func (changes *Changes) RowsDeleted() int64 {
	return changes.count(func(changes *C.incload_changes) C.int64_t { return C.incload_changes_rows_deleted(changes) })
}
