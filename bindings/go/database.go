// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"unsafe"
)

// Database is one database: a string names it, and the handle pools its connections. Any number of goroutines may
// use it.
type Database struct{ held *handle }

// NewDatabase names a database, by "postgresql://user@host:port/name?..." or "odbc:Driver=...;...". Nothing is
// connected before it is needed.
func NewDatabase(url string, options ...Options) (*Database, error) {
	return (*Context)(nil).NewDatabase(url, options...)
}

// NewDatabase names a database whose events go to the context.
func (c *Context) NewDatabase(url string, options ...Options) (*Database, error) {
	texts, err := newTextsWith(url, options)
	if err != nil {
		return nil, err
	}
	defer texts.free()
	home, leave, err := c.take()
	if err != nil {
		return nil, err
	}
	defer leave()
	var failure *C.incload_error
	var pointer *C.incload_database
	if home == nil {
		pointer = C.incload_database_new(texts[0], texts[1], &failure)
	} else {
		pointer = C.incload_database_new_in(home, texts[0], texts[1], &failure)
	}
	if err := checked(failure); err != nil {
		return nil, err
	}
	return newDatabase(pointer), nil
}

// NewArrowDatabase makes rows that the program has the source of one load: rows is a pointer to a struct
// ArrowArrayStream of Arrow's C stream interface, which is taken over in any case. It is one table by any name, read
// once, and no target. The package arrowbatch makes one of a record reader of arrow-go.
func NewArrowDatabase(rows unsafe.Pointer, options ...Options) (*Database, error) {
	return (*Context)(nil).NewArrowDatabase(rows, options...)
}

// NewArrowDatabase is the function of that name, for a database whose events go to the context.
func (c *Context) NewArrowDatabase(rows unsafe.Pointer, options ...Options) (*Database, error) {
	stream := (*C.struct_ArrowArrayStream)(rows)
	text, err := Options{}.with(options...).pointer()
	if err != nil {
		C.incload_go_release_stream(stream)
		return nil, err
	}
	defer freeText(text)
	home, leave, err := c.take()
	if err != nil {
		C.incload_go_release_stream(stream)
		return nil, err
	}
	defer leave()
	var failure *C.incload_error
	pointer := C.incload_database_new_arrow(home, stream, text, &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	return newDatabase(pointer), nil
}

func newDatabase(pointer *C.incload_database) *Database {
	return &Database{newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_database_unref((*C.incload_database)(pointer))
	})}
}

// Close gives the database back. What uses it goes on; a second call does nothing.
func (database *Database) Close() error { database.held.close(); return nil }

func (database *Database) take() (*C.incload_database, func(), error) {
	if database == nil {
		return nil, nil, closedError("database")
	}
	pointer := database.held.take()
	if pointer == nil {
		return nil, nil, closedError("database")
	}
	return (*C.incload_database)(pointer), func() { database.held.leave(pointer) }, nil
}

// takeBoth takes a source and a target for one call.
func takeBoth(source, target *Database) (from, to *C.incload_database, leave func(), err error) {
	from, leaveSource, err := source.take()
	if err != nil {
		return nil, nil, nil, err
	}
	to, leaveTarget, err := target.take()
	if err != nil {
		leaveSource()
		return nil, nil, nil, err
	}
	return from, to, func() {
		leaveTarget()
		leaveSource()
	}, nil
}

// Check connects, and makes sure that the server answers.
func (database *Database) Check(ctx context.Context) error {
	return database.call(ctx, func(call *C.incload_call, failure **C.incload_error) {
		C.incload_call_check(call, failure)
	})
}

// Dialect is "postgres", "mariadb", "sqlite", "sqlserver" or "ansi", or "arrow" of rows of the program's own; found out
// by connecting once.
func (database *Database) Dialect(ctx context.Context) (string, error) {
	if err := database.Check(ctx); err != nil {
		return "", err
	}
	pointer, leave, err := database.take()
	if err != nil {
		return "", err
	}
	defer leave()
	var failure *C.incload_error
	name := C.GoString(C.incload_database_dialect(pointer, &failure))
	return name, checked(failure)
}

// Execute runs one statement that returns no rows, and gives how many it affected; -1 when the server does not
// say. When ctx ends the statement is interrupted at the server.
func (database *Database) Execute(ctx context.Context, sql string) (int64, error) {
	text, err := cText(sql)
	if err != nil {
		return 0, err
	}
	defer freeText(text)
	var affected C.int64_t
	err = database.call(ctx, func(call *C.incload_call, failure **C.incload_error) {
		C.incload_call_execute(call, text, &affected, failure)
	})
	return int64(affected), err
}

// call does one call that blocks, and interrupts it when the context ends.
func (database *Database) call(ctx context.Context, work func(*C.incload_call, **C.incload_error)) error {
	call, stop, err := database.watched(ctx)
	if err != nil {
		return err
	}
	defer stop()
	var failure *C.incload_error
	work(call, &failure)
	return cancelledBy(ctx, checked(failure))
}

// watched is a call that is cancelled if the context ends before stop is called.
func (database *Database) watched(ctx context.Context) (call *C.incload_call, stop func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	pointer, leave, err := database.take()
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	var failure *C.incload_error
	call = C.incload_call_new(pointer, &failure)
	if err := checked(failure); err != nil {
		return nil, nil, err
	}
	over := during(ctx, func() { C.incload_call_cancel(call) })
	return call, func() {
		over()
		C.incload_call_unref(call)
	}, nil
}
