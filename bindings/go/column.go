// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// Column is one column of rows, in Arrow's layout. Its accessors panic when they are asked for another type than
// it has, for a row that there is not, or after the rows are gone; in a function of a load the panic fails that
// load alone.
type Column struct {
	Name   string
	Format string // its type as Arrow writes it: "l" is an int64, "u" a text, "tsu:UTC" an instant
	rows   *rows
	array  *C.struct_ArrowArray
	scale  int // of a decimal
}

// rows are the columns of a batch, lent by the library until release.
type rows struct {
	schema  C.struct_ArrowSchema
	array   C.struct_ArrowArray
	columns []*Column
	gone    bool
}

func (rows *rows) read() {
	count := int(rows.schema.n_children)
	schemas := unsafe.Slice(rows.schema.children, count)
	arrays := unsafe.Slice(rows.array.children, count)
	rows.columns = make([]*Column, count)
	for index := range rows.columns {
		column := &Column{
			Name:   C.GoString(schemas[index].name),
			Format: C.GoString(schemas[index].format),
			rows:   rows,
			array:  arrays[index],
		}
		if parts := strings.Split(column.Format, ","); strings.HasPrefix(column.Format, "d:") && len(parts) > 1 {
			column.scale, _ = strconv.Atoi(parts[1])
		}
		rows.columns[index] = column
	}
}

func (rows *rows) column(name string) *Column {
	for _, column := range rows.columns {
		if column.Name == name {
			return column
		}
	}
	return nil
}

func (rows *rows) release() {
	rows.gone = true
	C.incload_go_release(&rows.schema, &rows.array)
}

// Len is how many rows there are.
func (column *Column) Len() int { return int(column.array.length) }

func (column *Column) at(row int) int {
	if column.rows.gone {
		panic(&Error{Code: ErrState, Message: "the rows of column '" + column.Name + "' are gone"})
	}
	if row < 0 || row >= column.Len() {
		panic(&Error{Code: ErrInvalid, Message: fmt.Sprintf("column '%s' has %d rows, no row %d", column.Name,
			column.Len(), row)})
	}
	return row + int(column.array.offset)
}

func (column *Column) buffer(index int) unsafe.Pointer {
	return unsafe.Pointer(unsafe.Slice(column.array.buffers, int(column.array.n_buffers))[index])
}

func bit(buffer unsafe.Pointer, index int) bool {
	return *(*byte)(unsafe.Add(buffer, index/8))>>(index%8)&1 == 1
}

func (column *Column) refuse(asked string) {
	panic(&Error{Code: ErrType, Message: fmt.Sprintf("column '%s' of format '%s' holds no %s", column.Name,
		column.Format, asked)})
}

// Null tells whether a row has no value.
func (column *Column) Null(row int) bool {
	index := column.at(row)
	validity := column.buffer(0)
	return validity != nil && !bit(validity, index)
}

// Int is the value of an integer column; 0 for NULL.
func (column *Column) Int(row int) int64 {
	index := column.at(row)
	if column.Null(row) {
		return 0
	}
	data := column.buffer(1)
	switch column.Format {
	case "c":
		return int64(*(*int8)(unsafe.Add(data, index)))
	case "s":
		return int64(*(*int16)(unsafe.Add(data, 2*index)))
	case "i", "tdD":
		return int64(*(*int32)(unsafe.Add(data, 4*index)))
	case "l", "ttu":
		return *(*int64)(unsafe.Add(data, 8*index))
	}
	if strings.HasPrefix(column.Format, "tsu:") {
		return *(*int64)(unsafe.Add(data, 8*index))
	}
	column.refuse("integers")
	return 0
}

// Float is the value of a column of floating point numbers or integers; 0 for NULL.
func (column *Column) Float(row int) float64 {
	index := column.at(row)
	switch {
	case column.Format != "f" && column.Format != "g":
		return float64(column.Int(row))
	case column.Null(row):
		return 0
	case column.Format == "f":
		return float64(*(*float32)(unsafe.Add(column.buffer(1), 4*index)))
	}
	return *(*float64)(unsafe.Add(column.buffer(1), 8*index))
}

// Bool is the value of a column of truth values; false for NULL.
func (column *Column) Bool(row int) bool {
	index := column.at(row)
	if column.Format != "b" {
		column.refuse("truth values")
	}
	return !column.Null(row) && bit(column.buffer(1), index)
}

// Bytes is a copy of a text or of bytes; nil for NULL.
func (column *Column) Bytes(row int) []byte {
	index := column.at(row)
	if column.Null(row) {
		return nil
	}
	switch column.Format {
	case "u", "z":
		offsets := column.buffer(1)
		from := int(*(*int32)(unsafe.Add(offsets, 4*index)))
		to := int(*(*int32)(unsafe.Add(offsets, 4*(index+1))))
		if from == to {
			return []byte{}
		}
		return C.GoBytes(unsafe.Add(column.buffer(2), from), C.int(to-from))
	case "w:16":
		return C.GoBytes(unsafe.Add(column.buffer(1), 16*index), 16)
	}
	column.refuse("bytes")
	return nil
}

// Time is the value of a column of days or instants, in UTC; the zero time for NULL. Civil time without a zone is
// told as if it were UTC.
func (column *Column) Time(row int) time.Time {
	switch {
	case column.Null(row):
		return time.Time{}
	case column.Format == "tdD":
		return time.Unix(column.Int(row)*86400, 0).UTC()
	case strings.HasPrefix(column.Format, "tsu:"):
		return time.UnixMicro(column.Int(row)).UTC()
	}
	column.refuse("times")
	return time.Time{}
}

// Text is the value of any column as text; empty for NULL.
func (column *Column) Text(row int) string {
	switch value := column.Value(row).(type) {
	case nil:
		return ""
	case string:
		return value
	case []byte:
		return hex.EncodeToString(value)
	case time.Time:
		if column.Format == "tdD" {
			return value.Format("2006-01-02")
		}
		return value.Format("2006-01-02 15:04:05.999999")
	default:
		return fmt.Sprint(value)
	}
}

// Value is the value of any column: nil, int64, float64, bool, string, []byte, time.Time, or time.Duration for a time
// of day. Decimals and UUIDs are told as text.
func (column *Column) Value(row int) any {
	if column.Null(row) {
		return nil
	}
	switch column.Format {
	case "c", "s", "i", "l":
		return column.Int(row)
	case "f", "g":
		return column.Float(row)
	case "b":
		return column.Bool(row)
	case "z":
		return column.Bytes(row)
	case "w:16":
		id := hex.EncodeToString(column.Bytes(row))
		return strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
	case "ttu":
		return time.Duration(column.Int(row)) * time.Microsecond
	case "tdD":
		return column.Time(row)
	}
	switch {
	case strings.HasPrefix(column.Format, "tsu:"):
		return column.Time(row)
	case strings.HasPrefix(column.Format, "d:"):
		return column.decimal(column.at(row))
	}
	return string(column.Bytes(row))
}

// decimal is a number of 128 bits with a decimal point in its place.
func (column *Column) decimal(index int) string {
	data := unsafe.Slice((*byte)(unsafe.Add(column.buffer(1), 16*index)), 16)
	number := new(big.Int).SetInt64(int64(binary.LittleEndian.Uint64(data[8:])))
	number.Lsh(number, 64)
	number.Add(number, new(big.Int).SetUint64(binary.LittleEndian.Uint64(data[:8])))
	digits := new(big.Int).Abs(number).String()
	if missing := column.scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	if column.scale > 0 {
		digits = digits[:len(digits)-column.scale] + "." + digits[len(digits)-column.scale:]
	}
	if number.Sign() < 0 {
		return "-" + digits
	}
	return digits
}
