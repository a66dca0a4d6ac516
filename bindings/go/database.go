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
	return &Database{newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_database_unref((*C.incload_database)(pointer))
	})}, nil
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
	return from, to, func() { leaveTarget(); leaveSource() }, nil
}

// Check connects, and makes sure that the server answers.
func (database *Database) Check(ctx context.Context) error {
	return database.call(ctx, func(pointer *C.incload_database, failure **C.incload_error) {
		C.incload_database_check(pointer, failure)
	})
}

// Dialect is "postgres", "mariadb", "sqlite", "sqlserver" or "ansi", found out by connecting once.
func (database *Database) Dialect(ctx context.Context) (string, error) {
	found := make(chan string, 1)
	err := database.call(ctx, func(pointer *C.incload_database, failure **C.incload_error) {
		found <- C.GoString(C.incload_database_dialect(pointer, failure))
	})
	if err != nil {
		return "", err
	}
	return <-found, nil
}

// Execute runs one statement that returns no rows, and gives how many it affected; -1 when the server does not
// say. When ctx ends it returns at once; the server may go on with the statement until the option
// statement_timeout.
func (database *Database) Execute(ctx context.Context, sql string) (int64, error) {
	if err := refuseNUL(sql); err != nil {
		return 0, err
	}
	affected := make(chan int64, 1)
	err := database.call(ctx, func(pointer *C.incload_database, failure **C.incload_error) {
		text := C.CString(sql)
		defer freeText(text)
		var rows C.int64_t
		C.incload_database_execute(pointer, text, &rows, failure)
		affected <- int64(rows)
	})
	if err != nil {
		return 0, err
	}
	return <-affected, nil
}

// call does one call that blocks, and leaves it behind when the context ends.
func (database *Database) call(ctx context.Context, work func(*C.incload_database, **C.incload_error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	pointer, leave, err := database.take()
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	run := func() {
		defer leave()
		var failure *C.incload_error
		work(pointer, &failure)
		ended <- checked(failure)
	}
	if ctx.Done() == nil {
		run()
		return <-ended
	}
	go run()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
