// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// textArray is an array of texts in C's memory, one block for all of it: a call for each text would cost more than
// the texts.
type textArray struct {
	first **C.char
	count C.int32_t
}

type maybeText struct {
	text string
	set  bool // else NULL
}

const pointerSize = unsafe.Sizeof(uintptr(0))

func newTextArray(items []maybeText) (textArray, error) {
	size := pointerSize * uintptr(len(items))
	for _, item := range items {
		if err := refuseNUL(item.text); err != nil {
			return textArray{}, err
		}
		size += uintptr(len(item.text)) + 1
	}
	if len(items) == 0 {
		return textArray{}, nil
	}
	block := C.malloc(C.size_t(size))
	pointers := unsafe.Slice((**C.char)(block), len(items))
	bytes := unsafe.Slice((*byte)(block), int(size))
	place := int(pointerSize) * len(items)
	for index, item := range items {
		if !item.set {
			pointers[index] = nil
			continue
		}
		pointers[index] = (*C.char)(unsafe.Pointer(&bytes[place]))
		place += copy(bytes[place:], item.text)
		bytes[place] = 0
		place++
	}
	return textArray{(**C.char)(block), C.int32_t(len(items))}, nil
}

func (array textArray) free() { C.free(unsafe.Pointer(array.first)) }

func textsOf(items []string) []maybeText {
	texts := make([]maybeText, len(items))
	for index, item := range items {
		texts[index] = maybeText{item, true}
	}
	return texts
}

// rowArrays are the names and the values of a row.
func rowArrays(row Row) (columns, values textArray, err error) {
	keys := make([]maybeText, 0, len(row))
	texts := make([]maybeText, 0, len(row))
	for name, value := range row {
		text, set, err := valueText(value)
		if err != nil {
			return columns, values, &Error{Code: ErrInvalid, Message: fmt.Sprintf("column '%s': %v", name, err)}
		}
		keys = append(keys, maybeText{name, true})
		texts = append(texts, maybeText{text, set})
	}
	if columns, err = newTextArray(keys); err != nil {
		return columns, values, err
	}
	if values, err = newTextArray(texts); err != nil {
		columns.free()
		return textArray{}, textArray{}, err
	}
	return columns, values, nil
}

// rowPair is a row as it was and as it is.
type rowPair struct{ oldColumns, oldValues, columns, values textArray }

func newRowPair(old, row Row) (pair rowPair, err error) {
	if pair.oldColumns, pair.oldValues, err = rowArrays(old); err != nil {
		return rowPair{}, err
	}
	if pair.columns, pair.values, err = rowArrays(row); err != nil {
		pair.free()
		return rowPair{}, err
	}
	return pair, nil
}

func (pair rowPair) free() {
	pair.oldColumns.free()
	pair.oldValues.free()
	pair.columns.free()
	pair.values.free()
}
