// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
)

// Code is a status code of the library, and an error that errors.Is finds: errors.Is(err, incload.ErrConflict).
type Code int32

// The codes. What each means stands beside it in incload/base.h.
const (
	ErrInvalid       Code = C.INCLOAD_E_INVALID
	ErrNoMemory      Code = C.INCLOAD_E_NO_MEMORY
	ErrState         Code = C.INCLOAD_E_STATE
	ErrUnknownOption Code = C.INCLOAD_E_UNKNOWN_OPTION
	ErrUnsupported   Code = C.INCLOAD_E_UNSUPPORTED
	ErrForked        Code = C.INCLOAD_E_FORKED
	ErrConnect       Code = C.INCLOAD_E_CONNECT
	ErrAuth          Code = C.INCLOAD_E_AUTH
	ErrPermission    Code = C.INCLOAD_E_PERMISSION
	ErrTimeout       Code = C.INCLOAD_E_TIMEOUT
	ErrCancelled     Code = C.INCLOAD_E_CANCELLED
	ErrConflict      Code = C.INCLOAD_E_CONFLICT
	ErrBusy          Code = C.INCLOAD_E_BUSY
	ErrNotFound      Code = C.INCLOAD_E_NOT_FOUND
	ErrExists        Code = C.INCLOAD_E_EXISTS
	ErrType          Code = C.INCLOAD_E_TYPE
	ErrData          Code = C.INCLOAD_E_DATA
	ErrConstraint    Code = C.INCLOAD_E_CONSTRAINT
	ErrNullCursor    Code = C.INCLOAD_E_NULL_CURSOR
	ErrStateMissing  Code = C.INCLOAD_E_STATE_MISSING
	ErrSQL           Code = C.INCLOAD_E_SQL
	ErrProtocol      Code = C.INCLOAD_E_PROTOCOL
	ErrCommitUnknown Code = C.INCLOAD_E_COMMIT_UNKNOWN
	ErrCallback      Code = C.INCLOAD_E_CALLBACK
	ErrInternal      Code = C.INCLOAD_E_INTERNAL
	ErrCheck         Code = C.INCLOAD_E_CHECK
)

// Error gives the code's name, such as INCLOAD_E_CONFLICT.
func (code Code) Error() string { return C.GoString(C.incload_status_name(C.int32_t(code))) }

// ErrRetryable is found by errors.Is in every error of the library after which the same thing may succeed if it is
// done again.
var ErrRetryable = errors.New("retryable")

// Error is what went wrong in the library or in a database. errors.Is finds its Code in it, and ErrRetryable;
// where a Go function failed, or a context was cancelled, that error is wrapped.
type Error struct {
	Code       Code
	Message    string // one line: what was being done, to which object, what the server said, what to do next
	SQLState   string // the server's, or empty
	NativeCode int64  // the server's or driver's own
	Retryable  bool
	Step       string            // where it happened, if it happened in a run
	Unit       string            // as well
	Details    map[string]string // further facts
	cause      error
}

// Error gives the message.
func (failure *Error) Error() string { return "incload: " + failure.Message }

// Unwrap gives the error of the Go function that failed, the context's error, or the library's own cause.
func (failure *Error) Unwrap() error { return failure.cause }

// Is tells whether target is its code, or ErrRetryable.
func (failure *Error) Is(target error) bool {
	if code, ok := target.(Code); ok {
		return code == failure.Code
	}
	return target == ErrRetryable && failure.Retryable
}

// PanicError is what a panic in a Go function becomes.
type PanicError struct {
	Value any    // what panic was called with
	Stack []byte // where
}

func (panicked *PanicError) Error() string { return fmt.Sprintf("panic: %v", panicked.Value) }

// Unwrap gives the value, if it is an error.
func (panicked *PanicError) Unwrap() error {
	err, _ := panicked.Value.(error)
	return err
}

func errorOf(pointer *C.incload_error) *Error {
	failure := &Error{
		Code:       Code(C.incload_error_code(pointer)),
		Message:    C.GoString(C.incload_error_message(pointer)),
		SQLState:   C.GoString(C.incload_error_sqlstate(pointer)),
		NativeCode: int64(C.incload_error_native_code(pointer)),
		Retryable:  C.incload_error_is_retryable(pointer) != 0,
		Step:       C.GoString(C.incload_error_step(pointer)),
		Unit:       C.GoString(C.incload_error_unit(pointer)),
	}
	if count := C.incload_error_detail_count(pointer); count > 0 {
		failure.Details = make(map[string]string, int(count))
		for index := C.int32_t(0); index < count; index++ {
			key := C.GoString(C.incload_error_detail_key(pointer, index))
			failure.Details[key] = C.GoString(C.incload_error_detail_value(pointer, index))
		}
	}
	if cause := C.incload_error_cause(pointer); cause != nil {
		failure.cause = errorOf(cause)
	}
	return failure
}

// taken is errorOf, and gives the reference back; nil for none.
func taken(pointer *C.incload_error) *Error {
	if pointer == nil {
		return nil
	}
	defer C.incload_error_unref(pointer)
	return errorOf(pointer)
}

// checked is taken as an error that is nil when there is none.
func checked(pointer *C.incload_error) error {
	if failure := taken(pointer); failure != nil {
		return failure
	}
	return nil
}

// cancelledBy wraps the context's error into one that came since the context ended.
func cancelledBy(ctx context.Context, err error) error {
	var failure *Error
	if errors.As(err, &failure) && failure.Code == ErrCancelled && ctx.Err() != nil {
		failure.cause = ctx.Err()
	}
	return err
}

func closedError(kind string) error {
	return &Error{Code: ErrState, Message: "this " + kind + " is closed"}
}
