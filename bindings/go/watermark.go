// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"time"
	"unsafe"
)

// Watermark is the durable position of a load as it was when it was read, by Database.Watermark or Refresh. For one
// goroutine at a time.
type Watermark struct{ held *handle }

// Watermark reads the watermark of a load from the database that it loads into. Its name is the step's option name, by
// itself the target table. One that never ran has a version of 0.
func (database *Database) Watermark(load string) (*Watermark, error) {
	text, err := cText(load)
	if err != nil {
		return nil, err
	}
	defer freeText(text)
	target, leave, err := database.take()
	if err != nil {
		return nil, err
	}
	defer leave()
	var failure *C.incload_error
	pointer := C.incload_watermark_open(target, text, &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	return &Watermark{newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_watermark_unref((*C.incload_watermark)(pointer))
	})}, nil
}

// Watermarks are the values of all loads that a database keeps, by the load's name; empty for one that was reset.
func (database *Database) Watermarks() (map[string]string, error) {
	target, leave, err := database.take()
	if err != nil {
		return nil, err
	}
	defer leave()
	var failure *C.incload_error
	list := C.incload_watermark_list_new(target, &failure)
	defer C.incload_watermark_list_unref(list)
	found := map[string]string{}
	for index := C.int32_t(0); index < C.incload_watermark_list_count(list); index++ {
		load := C.GoString(C.incload_watermark_list_load(list, index))
		found[load] = C.GoString(C.incload_watermark_list_value(list, index))
	}
	return found, checked(failure)
}

// Close gives it back.
func (mark *Watermark) Close() error { mark.held.close(); return nil }

func (mark *Watermark) call(call func(*C.incload_watermark, **C.incload_error)) error {
	pointer := mark.held.take()
	if pointer == nil {
		return closedError("watermark")
	}
	defer mark.held.leave(pointer)
	var failure *C.incload_error
	call((*C.incload_watermark)(pointer), &failure)
	return checked(failure)
}

func (mark *Watermark) text(ask func(*C.incload_watermark) *C.char) string {
	pointer := mark.held.take()
	defer mark.held.leave(pointer)
	return C.GoString(ask((*C.incload_watermark)(pointer)))
}

func (mark *Watermark) number(ask func(*C.incload_watermark) C.int64_t) C.int64_t {
	pointer := mark.held.take()
	defer mark.held.leave(pointer)
	return ask((*C.incload_watermark)(pointer))
}

// Refresh reads it again.
func (mark *Watermark) Refresh() error {
	return mark.call(func(mark *C.incload_watermark, failure **C.incload_error) {
		C.incload_watermark_refresh(mark, failure)
	})
}

// Load is the load's name.
func (mark *Watermark) Load() string {
	return mark.text(func(mark *C.incload_watermark) *C.char { return C.incload_watermark_load(mark) })
}

// Value is the cursor value up to which all has been loaded, in the source's own text; empty when there is none.
func (mark *Watermark) Value() string {
	return mark.text(func(mark *C.incload_watermark) *C.char { return C.incload_watermark_value(mark) })
}

// Type is the cursor column's type as the source names it.
func (mark *Watermark) Type() string {
	return mark.text(func(mark *C.incload_watermark) *C.char { return C.incload_watermark_type(mark) })
}

// Document is the whole state as a document for support, never to be parsed.
func (mark *Watermark) Document() string {
	return mark.text(func(mark *C.incload_watermark) *C.char { return C.incload_watermark_document(mark) })
}

// String is the whole state in one line for people.
func (mark *Watermark) String() string {
	return mark.text(func(mark *C.incload_watermark) *C.char { return C.incload_watermark_describe(mark) })
}

// Level is how exact it is: "EXACT", "EXACT_IF_STAMPED", "BEST_EFFORT" or empty.
func (mark *Watermark) Level() string {
	return mark.text(func(mark *C.incload_watermark) *C.char { return C.incload_watermark_level(mark) })
}

// Version is how often it was changed.
func (mark *Watermark) Version() int64 {
	return int64(mark.number(func(mark *C.incload_watermark) C.int64_t { return C.incload_watermark_version(mark) }))
}

// Updated is when it was changed last.
func (mark *Watermark) Updated() time.Time {
	return instant(mark.number(func(mark *C.incload_watermark) C.int64_t { return C.incload_watermark_updated_us(mark) }))
}

// Set moves it by hand: the next load reads rows at or past the value, which is in the source's own text. ErrBusy says
// that it has changed since it was read.
func (mark *Watermark) Set(value string) error {
	text, err := cText(value)
	if err != nil {
		return err
	}
	defer freeText(text)
	return mark.call(func(mark *C.incload_watermark, failure **C.incload_error) {
		C.incload_watermark_set(mark, text, failure)
	})
}

// Reset forgets it: the next load reads from the beginning.
func (mark *Watermark) Reset() error {
	return mark.call(func(mark *C.incload_watermark, failure **C.incload_error) {
		C.incload_watermark_reset(mark, failure)
	})
}

// WatermarkChange is one change of a watermark; its value is empty for a reset.
type WatermarkChange struct {
	Value   string
	Version int64
	Time    time.Time
	RunID   string // empty when it was moved by hand
}

// History are the latest 1000 changes, the latest first.
func (mark *Watermark) History() (changes []WatermarkChange, err error) {
	err = mark.call(func(mark *C.incload_watermark, failure **C.incload_error) {
		count := C.incload_watermark_history_count(mark, failure)
		for index := C.int32_t(0); index < count; index++ {
			changes = append(changes, WatermarkChange{
				Value:   C.GoString(C.incload_watermark_history_value(mark, index)),
				Version: int64(C.incload_watermark_history_version(mark, index)),
				Time:    instant(C.incload_watermark_history_time_us(mark, index)),
				RunID:   C.GoString(C.incload_watermark_history_run_id(mark, index)),
			})
		}
	})
	return changes, err
}
