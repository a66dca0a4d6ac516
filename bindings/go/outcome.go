// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"errors"
	"runtime/debug"
	"strings"
	"time"
)

// messageLimit is how much of an error's text goes into the run's error; the error itself is wrapped whole.
const messageLimit = 500

// outcome is an error by which a function ends its unit otherwise than by success or failure.
type outcome struct {
	code  C.int32_t
	word  string
	delay time.Duration
	err   error
}

func (asked *outcome) Error() string {
	if asked.err != nil {
		return asked.err.Error()
	}
	return asked.word
}

func (asked *outcome) Unwrap() error { return asked.err }

// Skip is returned by a unit that leaves itself out: those that wait for it are left out as well. The function of a
// stream returns it to leave out a change, a condition to leave out a step.
var Skip error = &outcome{code: C.INCLOAD_SKIP, word: "left out"}

// ShortCircuit is returned by a unit that succeeded, when those that wait for it are to be left out.
var ShortCircuit error = &outcome{code: C.INCLOAD_SHORT_CIRCUIT, word: "the rest is left out"}

// Retry says that the unit failed and may be tried again after so long; 0 is what its options say. Any other error
// that a function returns is tried again as well, as often as the option retries allows.
func Retry(err error, delay time.Duration) error {
	return &outcome{C.INCLOAD_RETRY, "to be tried again", delay, err}
}

// Fail says that the unit failed for good, whatever its retries.
func Fail(err error) error { return &outcome{C.INCLOAD_FAIL, "failed", 0, err} }

// Throttled says that the other side is overloaded: again after so long, and no attempt is used up.
func Throttled(delay time.Duration) error {
	return &outcome{C.INCLOAD_THROTTLED, "throttled", delay, nil}
}

// Yield says that the unit is not through and is to be called again after so long; no attempt is used up.
func Yield(delay time.Duration) error { return &outcome{C.INCLOAD_YIELD, "not through", delay, nil} }

var errGone = errors.New("the function has ended its goroutine instead of returning")

// guarded calls a function of the host on a goroutine of its own: neither a panic nor runtime.Goexit, as of a test's
// FailNow, can unwind through the library's frames.
func guarded(function func() error) error {
	ended := make(chan error, 1)
	go func() {
		err := errGone
		defer func() {
			if value := recover(); value != nil {
				err = &PanicError{value, debug.Stack()}
			}
			ended <- err
		}()
		err = function()
	}()
	return <-ended
}

// failed tells the library why a unit fails, and keeps the error for whoever waits for the run.
func (unit *Unit) failed(err error) {
	unit.told.keep(unit.Step(), unit.Label(), err)
	words := err.Error()
	if len(words) > messageLimit {
		words = words[:messageLimit]
	}
	words = strings.Map(func(letter rune) rune {
		if letter < ' ' {
			return ' '
		}
		return letter
	}, strings.ToValidUTF8(words, ""))
	text := C.CString(words)
	defer freeText(text)
	unit.with(func(pointer *C.incload_unit) { C.incload_unit_fail(pointer, text) })
}

// outcome is what the library is told of how a function ended.
func (unit *Unit) outcome(err error) C.int32_t {
	if err == nil {
		unit.told.forget(unit.Step(), unit.Label())
		return C.INCLOAD_DONE
	}
	var panicked *PanicError
	var asked *outcome
	switch {
	case errors.As(err, &panicked):
		unit.failed(err)
		return C.INCLOAD_FAIL
	case !errors.As(err, &asked):
		unit.failed(err)
		return C.INCLOAD_RETRY
	}
	if asked.delay > 0 {
		unit.with(func(pointer *C.incload_unit) {
			C.incload_unit_again_in(pointer, C.int64_t((asked.delay+time.Millisecond-1)/time.Millisecond))
		})
	}
	if asked.code == C.INCLOAD_RETRY || asked.code == C.INCLOAD_FAIL {
		unit.failed(err)
	}
	return asked.code
}
