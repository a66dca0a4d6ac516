// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unsafe"
)

// array is a column that is made of Go's values, in C's memory.
type array struct {
	format  *C.char
	nulls   int64
	buffers []unsafe.Pointer // in C's memory as well: the library reads the list
	list    unsafe.Pointer
}

// newArray takes the values of a column, which are all of one kind, or nil.
func newArray(column *Column, values []any) (*array, error) {
	format := "u"
	for _, value := range values {
		if value != nil {
			format, _ = rawValue(column, value)
			break
		}
	}
	var data, offsets []byte
	validity := make([]byte, (len(values)+7)/8)
	nulls := int64(0)
	for row, value := range values {
		kind, raw := rawValue(column, value)
		switch {
		case value == nil:
			nulls++
		case kind == "" || kind != format:
			return nil, &Error{Code: ErrType, Message: fmt.Sprintf("column '%s': a value of type %T is not of the kind "+
				"of those before it", column.Name, value)}
		default:
			validity[row/8] |= 1 << (row % 8)
		}
		offsets = appendInt32(offsets, len(data))
		data = appendValue(data, format, row, raw)
	}
	if len(data) > math.MaxInt32 {
		return nil, &Error{Code: ErrInvalid, Message: "column '" + column.Name + "' has more than 2 GiB of text"}
	}
	made := &array{format: C.CString(format), nulls: nulls}
	made.add(validity)
	if format == "u" || format == "z" {
		made.add(appendInt32(offsets, len(data)))
	}
	made.add(data)
	return made, nil
}

// appendValue adds one value, or the place of one that is NULL.
func appendValue(data []byte, format string, row int, raw []byte) []byte {
	switch format {
	case "u", "z":
		return append(data, raw...)
	case "b":
		if row%8 == 0 {
			data = append(data, 0)
		}
		if len(raw) > 0 {
			data[row/8] |= raw[0] << (row % 8)
		}
		return data
	case "tdD":
		return append(data, append(raw, 0, 0, 0, 0)[:4]...)
	}
	return append(data, append(raw, 0, 0, 0, 0, 0, 0, 0, 0)[:8]...)
}

func (made *array) add(data []byte) { made.buffers = append(made.buffers, C.CBytes(append(data, 0))) }

func (made *array) free() {
	freeText(made.format)
	for _, buffer := range made.buffers {
		C.free(buffer)
	}
	C.free(made.list)
}

func (made *array) put(batch *C.incload_batch, index int) error {
	made.list = C.malloc(C.size_t(pointerSize) * C.size_t(len(made.buffers)))
	copy(unsafe.Slice((*unsafe.Pointer)(made.list), len(made.buffers)), made.buffers)
	var failure *C.incload_error
	C.incload_go_replace_column(batch, C.int32_t(index), made.format, C.int64_t(made.nulls),
		(*unsafe.Pointer)(made.list), C.int32_t(len(made.buffers)), &failure)
	return checked(failure)
}

func appendInt32(data []byte, number int) []byte {
	return binary.LittleEndian.AppendUint32(data, uint32(number))
}

// rawValue is a value as Arrow holds it, and the format that this is; "" for a kind that there is not.
func rawValue(column *Column, value any) (string, []byte) {
	switch value := value.(type) {
	case string:
		return "u", []byte(value)
	case []byte:
		return "z", value
	case bool:
		if value {
			return "b", []byte{1}
		}
		return "b", []byte{0}
	case float32:
		return "g", binary.LittleEndian.AppendUint64(nil, math.Float64bits(float64(value)))
	case float64:
		return "g", binary.LittleEndian.AppendUint64(nil, math.Float64bits(value))
	case time.Time:
		return rawTime(column, value)
	case int:
		return "l", binary.LittleEndian.AppendUint64(nil, uint64(value))
	case int8:
		return "l", binary.LittleEndian.AppendUint64(nil, uint64(value))
	case int16:
		return "l", binary.LittleEndian.AppendUint64(nil, uint64(value))
	case int32:
		return "l", binary.LittleEndian.AppendUint64(nil, uint64(value))
	case int64:
		return "l", binary.LittleEndian.AppendUint64(nil, uint64(value))
	}
	return "", nil
}

func rawTime(column *Column, value time.Time) (string, []byte) {
	switch column.Format {
	case "tdD":
		days := value.UTC().Truncate(24*time.Hour).Unix() / 86400
		return "tdD", binary.LittleEndian.AppendUint32(nil, uint32(int32(days)))
	case "tsu:":
		return "tsu:", binary.LittleEndian.AppendUint64(nil, uint64(value.UnixMicro()))
	}
	return "tsu:UTC", binary.LittleEndian.AppendUint64(nil, uint64(value.UnixMicro()))
}
