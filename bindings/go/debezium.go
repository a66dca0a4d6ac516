// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"errors"
	"time"
	"unsafe"
)

// Message is one message in Debezium's form, in JSON.
type Message struct {
	Key         []byte // nil where the table has none
	Value       []byte // nil for a tombstone
	HeaderName  string // of a change of a key: which other message belongs to it
	HeaderValue string
}

// SendFunc takes the messages of a Debezium; an error ends the event.
type SendFunc func(message Message) error

// Debezium writes changes as messages in Debezium's form. For one goroutine at a time.
type Debezium struct {
	held   *handle
	sender *sender
}

// sender is the function of a Debezium, the object that it is told by, and the error that it returned last. The
// library's reference to it is no reference to the object: that would never be given back.
type sender struct {
	send   SendFunc
	writer *C.incload_debezium
	failed error
}

func (sender *sender) message(key *C.char, keySize C.size_t, value *C.char, valueSize C.size_t) Message {
	return Message{
		Key:         bytesOf(key, keySize),
		Value:       bytesOf(value, valueSize),
		HeaderName:  C.GoString(C.incload_debezium_header_name(sender.writer)),
		HeaderValue: C.GoString(C.incload_debezium_header_value(sender.writer)),
	}
}

func bytesOf(data *C.char, size C.size_t) []byte {
	if data == nil {
		return nil
	}
	return C.GoBytes(unsafe.Pointer(data), C.int(size))
}

// NewDebezium prepares to write messages of a table, whose columns are looked up in its database. The options are those
// of the object "debezium".
func NewDebezium(source *Database, table string, send SendFunc, options ...Options) (*Debezium, error) {
	from, leave, err := source.take()
	if err != nil {
		return nil, err
	}
	defer leave()
	return newDebezium(table, send, options, func(table, text *C.char, user C.uintptr_t,
		failure **C.incload_error) *C.incload_debezium {
		return C.incload_go_debezium(from, table, text, user, failure)
	})
}

// NewDebeziumFor prepares to write messages of a table whose columns are told: schema is a pointer to a struct
// ArrowSchema with a child for each, which is released in any case.
func NewDebeziumFor(table string, schema unsafe.Pointer, send SendFunc, options ...Options) (*Debezium, error) {
	columns := (*C.struct_ArrowSchema)(schema)
	defer C.incload_go_release(columns, nil)
	return newDebezium(table, send, options, func(table, text *C.char, user C.uintptr_t,
		failure **C.incload_error) *C.incload_debezium {
		return C.incload_go_debezium_for(table, columns, text, user, failure)
	})
}

func newDebezium(table string, send SendFunc, options []Options,
	make func(table, text *C.char, user C.uintptr_t, failure **C.incload_error) *C.incload_debezium) (*Debezium, error) {
	given, err := Options{}.with(options...).text()
	if err != nil {
		return nil, err
	}
	texts, err := newTexts(table, given)
	if err != nil {
		return nil, err
	}
	defer texts.free()
	sender := &sender{send: send}
	var failure *C.incload_error
	pointer := make(texts[0], texts[1], keep(sender), &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	sender.writer = pointer
	return &Debezium{newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_debezium_unref((*C.incload_debezium)(pointer))
	}), sender}, nil
}

// Close gives it back.
func (debezium *Debezium) Close() error { debezium.held.close(); return nil }

// Topic is where Debezium would send the messages.
func (debezium *Debezium) Topic() string {
	pointer := debezium.held.take()
	defer debezium.held.leave(pointer)
	return C.GoString(C.incload_debezium_topic((*C.incload_debezium)(pointer)))
}

// Write writes one event, which the source committed at a time, now when that is zero; its messages are sent before
// this returns. Old is the row as it was before an update, or nil. The error of the function is wrapped.
func (debezium *Debezium) Write(operation Operation, old, row Row, at Position, committed time.Time) error {
	pointer := debezium.held.take()
	if pointer == nil {
		return closedError("writer of messages")
	}
	defer debezium.held.leave(pointer)
	pair, err := newRowPair(old, row)
	if err != nil {
		return err
	}
	defer pair.free()
	us := C.int64_t(0)
	if !committed.IsZero() {
		us = C.int64_t(committed.UnixMicro())
	}
	debezium.sender.failed = nil
	var failure *C.incload_error
	C.incload_go_debezium_write((*C.incload_debezium)(pointer), C.int32_t(operation), pair.oldColumns.first,
		pair.oldValues.first, pair.oldColumns.count, pair.columns.first, pair.values.first, pair.columns.count,
		C.uint64_t(at.Place), C.uint64_t(at.Ordinal), us, &failure)
	err = checked(failure)
	var told *Error
	if errors.As(err, &told) && told.Code == ErrCallback && debezium.sender.failed != nil {
		told.cause = debezium.sender.failed
	}
	return err
}

//export incloadGoMessage
func incloadGoMessage(key *C.char, keySize C.size_t, value *C.char, valueSize C.size_t, user C.uintptr_t) C.int32_t {
	sender := keptFunction(user).(*sender)
	message := sender.message(key, keySize, value, valueSize)
	sender.failed = guarded(func() error { return sender.send(message) })
	if sender.failed != nil {
		return 0
	}
	return C.INCLOAD_DONE
}
