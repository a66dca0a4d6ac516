// SPDX-License-Identifier: Apache-2.0

package incload

import (
	"context"
	"sync"
)

// keptErrors bounds how many errors of Go functions a run keeps: the library lists as many failed units.
const keptErrors = 10000

// course is what one handle of a run knows of its goroutines.
type course struct {
	*told
	workers sync.WaitGroup
	done    chan struct{}
}

// told is what this package knows of a run that goes on: the context that it was started with, and the errors of
// the Go functions that it called, of which the library only knows the words.
type told struct {
	mutex  sync.Mutex
	ctx    context.Context
	errors map[place]error
	latest error
	users  int // handles of the run; under the lock of all
}

type place struct{ step, unit string }

var courses = struct {
	mutex  sync.Mutex
	byRun  map[string]*told
	active int // runs that go on or are being started
}{byRun: map[string]*told{}}

// toldOf finds what is known of a run. A thread of the library may call a function before the call that started
// the run has returned, so either may come first.
func toldOf(run string) *told {
	courses.mutex.Lock()
	defer courses.mutex.Unlock()
	found := courses.byRun[run]
	if found == nil {
		found = &told{ctx: context.Background(), errors: map[place]error{}}
		courses.byRun[run] = found
	}
	return found
}

// enterCourse binds a handle to its run.
func enterCourse(run string, ctx context.Context) *course {
	found := toldOf(run)
	found.mutex.Lock()
	found.ctx = ctx
	found.mutex.Unlock()
	courses.mutex.Lock()
	defer courses.mutex.Unlock()
	found.users++
	courses.byRun[run] = found
	return &course{told: found, done: make(chan struct{})}
}

// adopt takes over what is known of a run within the run, or of the run under the id that it has in a ledger: threads
// of the library have called functions for it.
func (found *course) adopt(run string) {
	courses.mutex.Lock()
	other := courses.byRun[run]
	if other == nil || other == found.told {
		courses.mutex.Unlock()
		return
	}
	if other.users == 0 {
		delete(courses.byRun, run)
	}
	courses.mutex.Unlock()
	other.mutex.Lock()
	defer other.mutex.Unlock()
	for at, err := range other.errors {
		found.keep(at.step, at.unit, err)
	}
}

// expectCourse announces a run: from now on functions may be called for it.
func expectCourse() {
	courses.mutex.Lock()
	courses.active++
	courses.mutex.Unlock()
}

// leaveCourse forgets the run once its last handle has seen the end; the handles still know of it. What was never
// adopted goes with the last run.
func leaveCourse(run string, found *course) {
	courses.mutex.Lock()
	defer courses.mutex.Unlock()
	if found != nil {
		found.users--
		if found.users == 0 && courses.byRun[run] == found.told {
			delete(courses.byRun, run)
		}
	}
	if courses.active--; courses.active == 0 {
		courses.byRun = map[string]*told{}
	}
}

func (found *told) context() context.Context {
	found.mutex.Lock()
	defer found.mutex.Unlock()
	return found.ctx
}

func (found *told) keep(step, unit string, err error) {
	found.mutex.Lock()
	defer found.mutex.Unlock()
	found.latest = err
	if len(found.errors) < keptErrors {
		found.errors[place{step, unit}] = err
	}
}

func (found *told) forget(step, unit string) {
	found.mutex.Lock()
	defer found.mutex.Unlock()
	delete(found.errors, place{step, unit})
}

// explain wraps the Go error behind an error of the library: that of the function which failed, or of the context.
// Where the library does not tell the place, as of a load, the latest will do for the run: it has failed by it.
func (found *told) explain(failure *Error, whole bool) error {
	found.mutex.Lock()
	defer found.mutex.Unlock()
	if failure.Code == ErrCancelled && found.ctx.Err() != nil {
		failure.cause = found.ctx.Err()
		return failure
	}
	if failure.Code != ErrCallback && failure.Code != ErrCheck {
		return failure
	}
	for at, err := range found.errors {
		if at.unit == failure.Unit && (at.step == failure.Step || failure.Step == "") {
			failure.cause = err
			return failure
		}
	}
	if whole && found.latest != nil {
		failure.cause = found.latest
	}
	return failure
}
