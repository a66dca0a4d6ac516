// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Batch is rows on their way from source to target. It is valid until the function it was handed to returns, and
// for one goroutine at a time.
type Batch struct {
	unit    *Unit
	pointer *C.incload_batch
	rows    *rows
}

func (batch *Batch) end() {
	batch.forget()
	batch.pointer = nil
}

// forget drops what was read of the rows, since there are others now.
func (batch *Batch) forget() {
	if batch.rows != nil {
		batch.rows.release()
		batch.rows = nil
	}
}

func (batch *Batch) check() error {
	if batch.pointer == nil {
		return &Error{Code: ErrState, Message: "the function that this batch was handed to has returned"}
	}
	return nil
}

// Unit is the unit that the rows belong to.
func (batch *Batch) Unit() *Unit { return batch.unit }

// Len is how many rows it holds now.
func (batch *Batch) Len() int { return int(C.incload_batch_rows(batch.pointer)) }

// Columns are its columns. They are lent without a copy, and gone when the batch is changed or its function returns.
func (batch *Batch) Columns() ([]*Column, error) {
	if batch.rows == nil {
		lent := &rows{}
		if err := batch.Export(unsafe.Pointer(&lent.schema), unsafe.Pointer(&lent.array)); err != nil {
			return nil, err
		}
		lent.read()
		batch.rows = lent
	}
	return batch.rows.columns, nil
}

// Column is the column of that name; it panics when there is none.
func (batch *Batch) Column(name string) *Column {
	if _, err := batch.Columns(); err != nil {
		panic(err)
	}
	column := batch.rows.column(name)
	if column == nil {
		panic(&Error{Code: ErrNotFound, Message: "the batch has no column '" + name + "'"})
	}
	return column
}

// Keep keeps the rows for which wanted is true, and drops the others.
func (batch *Batch) Keep(wanted func(row int) bool) error {
	if err := batch.check(); err != nil {
		return err
	}
	bits := make([]byte, (batch.Len()+7)/8+1)
	for row := 0; row < batch.Len(); row++ {
		if wanted(row) {
			bits[row/8] |= 1 << (row % 8)
		}
	}
	batch.forget()
	var failure *C.incload_error
	C.incload_batch_keep(batch.pointer, (*C.uint8_t)(unsafe.Pointer(&bits[0])), C.size_t(len(bits)), &failure)
	return checked(failure)
}

// Set puts values in the place of a column's: one for each row, all of one kind (integers, floating point numbers,
// bool, string, []byte, time.Time), nil for NULL. They are converted to the column's type where that loses
// nothing.
func (batch *Batch) Set(name string, values []any) error {
	columns, err := batch.Columns()
	if err != nil {
		return err
	}
	if len(values) != batch.Len() {
		return &Error{Code: ErrInvalid, Message: fmt.Sprintf("column '%s' needs %d values, not %d", name, batch.Len(),
			len(values))}
	}
	for index, column := range columns {
		if column.Name == name {
			made, err := newArray(column, values)
			if err != nil {
				return err
			}
			defer made.free()
			batch.forget()
			return made.put(batch.pointer, index)
		}
	}
	return &Error{Code: ErrNotFound, Message: "the batch has no column '" + name + "'"}
}

// Export lends the rows to a consumer of Arrow: pointers to struct ArrowSchema and struct ArrowArray of the C data
// interface, which get their contents. The consumer releases both once; they may outlive the batch.
func (batch *Batch) Export(schema, array unsafe.Pointer) error {
	if err := batch.check(); err != nil {
		return err
	}
	var failure *C.incload_error
	C.incload_batch_export(batch.pointer, (*C.struct_ArrowSchema)(schema), (*C.struct_ArrowArray)(array), &failure)
	return checked(failure)
}

// Replace puts other rows in the place of the batch's: structures as for Export, with the same columns by name.
// Both are released in any case.
func (batch *Batch) Replace(schema, array unsafe.Pointer) error {
	if err := batch.check(); err != nil {
		C.incload_go_release((*C.struct_ArrowSchema)(schema), (*C.struct_ArrowArray)(array))
		return err
	}
	batch.forget()
	var failure *C.incload_error
	C.incload_batch_replace(batch.pointer, (*C.struct_ArrowSchema)(schema), (*C.struct_ArrowArray)(array), &failure)
	return checked(failure)
}
