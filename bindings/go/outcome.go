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

// verdict is how a function of the host ended. All that its error says is asked for in guarded, since the methods of
// the error are the host's too: nil where it ended well.
type verdict struct {
	err      error
	words    string
	panicked bool
	asked    *outcome
}

// ended calls a function of the host, and finds out how it ended.
func ended(function func() error) *verdict {
	err := guarded(function)
	if err == nil {
		return nil
	}
	found := &verdict{err: err}
	if odd := guarded(func() error { found.ask(); return nil }); odd != nil {
		found = &verdict{err: odd}
		found.ask()
	}
	return found
}

func (found *verdict) ask() {
	var panicked *PanicError
	found.panicked = errors.As(found.err, &panicked)
	if !found.panicked {
		errors.As(found.err, &found.asked)
	}
	found.words = found.err.Error()
}

// failed tells the library why a unit fails, and keeps the error for whoever waits for the run.
func (unit *Unit) failed(found *verdict) {
	unit.told.keep(unit.Step(), unit.Label(), found.err)
	words := found.words
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
func (unit *Unit) outcome(found *verdict) C.int32_t {
	switch {
	case found == nil:
		unit.told.forget(unit.Step(), unit.Label())
		return C.INCLOAD_DONE
	case found.panicked:
		unit.failed(found)
		return C.INCLOAD_FAIL
	case found.asked == nil:
		unit.failed(found)
		return C.INCLOAD_RETRY
	}
	asked := found.asked
	if asked.delay > 0 {
		unit.with(func(pointer *C.incload_unit) {
			C.incload_unit_again_in(pointer, C.int64_t((asked.delay+time.Millisecond-1)/time.Millisecond))
		})
	}
	if asked.code == C.INCLOAD_RETRY || asked.code == C.INCLOAD_FAIL {
		unit.failed(found)
	}
	return asked.code
}
