// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"fmt"
	"strconv"
	"time"
	"unsafe"
)

// Range is what a backfill goes over: days, instants, numbers, keys, or a range once for each key.
type Range struct {
	from, last string
	through    bool
	keys       []string
	err        error
}

// Days are those from the first through the last one, which is in the range: each as "2024-01-31" or a time.Time.
func Days(from, through any) Range {
	r := Range{through: true}
	r.from, r.err = bound(from, true)
	if r.err == nil {
		r.last, r.err = bound(through, true)
	}
	return r
}

// Between is a range of days, instants or numbers whose end is not in it.
func Between(from, to any) Range {
	r := Range{}
	r.from, r.err = bound(from, false)
	if r.err == nil {
		r.last, r.err = bound(to, false)
	}
	return r
}

// Keys are a list of keys, each a unit.
func Keys(keys ...string) Range { return Range{keys: keys} }

// Each does every part of the range once for each key.
func (r Range) Each(keys ...string) Range {
	r.keys = keys
	return r
}

func bound(value any, day bool) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case int:
		return strconv.Itoa(value), nil
	case int64:
		return strconv.FormatInt(value, 10), nil
	case time.Time:
		if day {
			return value.Format("2006-01-02"), nil
		}
		return value.Format("2006-01-02T15:04:05.999999Z07:00"), nil
	}
	return "", &Error{Code: ErrInvalid, Message: fmt.Sprintf("a %T is no bound of a range: give a day, an instant or a "+
		"number", value)}
}

// backfillTexts are what the constructors of backfills take.
func backfillTexts(over Range, options []Options) (texts cTexts, workers int, err error) {
	if over.err != nil {
		return nil, 0, over.err
	}
	given := Options{}.with(options...)
	text, err := given.text()
	if err != nil {
		return nil, 0, err
	}
	workers = 1
	if parallel, ok := given.parallel(); ok && parallel > 0 {
		workers = parallel
	}
	texts, err = newTexts(over.from, over.last, text)
	return texts, workers, err
}

// NewBackfill makes a function a step over a range: it is called for each part of it, in as many goroutines as the
// option parallel says. A unit that fails keeps no other from running.
func NewBackfill(over Range, function UnitFunc, options ...Options) (*Step, error) {
	texts, workers, err := backfillTexts(over, options)
	if err != nil {
		return nil, err
	}
	defer texts.free()
	keys, err := newTextArray(textsOf(over.keys))
	if err != nil {
		return nil, err
	}
	defer keys.free()
	var failure *C.incload_error
	var pointer *C.incload_step
	switch {
	case over.from == "":
		pointer = C.incload_go_backfill_keys(keys.first, keys.count, texts[2], keep(function), &failure)
	case over.through:
		pointer = C.incload_go_backfill(texts[0], texts[1], texts[2], keep(function), &failure)
	default:
		pointer = C.incload_go_backfill_between(texts[0], texts[1], texts[2], keep(function), &failure)
	}
	if pointer != nil && over.from != "" && keys.count > 0 {
		C.incload_go_set_keys(pointer, keys.first, keys.count, &failure)
	}
	if err := checked(failure); err != nil {
		C.incload_step_unref(pointer)
		return nil, err
	}
	return newStep(pointer, workers), nil
}

// NewLoadBackfill makes a load a step over a range. The option column names the column whose values bound the
// parts, by itself the strategy's cursor. Each part lands in a transaction of its own, and is recorded there.
func NewLoadBackfill(load *Step, over Range, options ...Options) (*Step, error) {
	texts, workers, err := backfillTexts(over, options)
	if err != nil {
		return nil, err
	}
	defer texts.free()
	step, leave, err := load.take()
	if err != nil {
		return nil, err
	}
	defer leave()
	var failure *C.incload_error
	var pointer *C.incload_step
	if over.through {
		pointer = C.incload_step_new_load_backfill(step, texts[0], texts[1], texts[2], &failure)
	} else {
		pointer = C.incload_step_new_load_backfill_between(step, texts[0], texts[1], texts[2], &failure)
	}
	if err := checked(failure); err != nil {
		return nil, err
	}
	return newStep(pointer, workers), nil
}

// SetLedger records in a database which units of a function's backfill are done, under its option name: run again,
// only what is missing runs. A load's units are recorded in its target without this.
func (step *Step) SetLedger(ledger *Database) error {
	database, leave, err := ledger.take()
	if err != nil {
		return err
	}
	defer leave()
	return step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
		C.incload_step_set_ledger(pointer, database, failure)
	})
}

// BackfillPlan is what a run of a backfill would do now.
type BackfillPlan struct {
	Units       int64 // in the range
	Taken       int64 // of them, that would run
	First, Last string
	Fingerprint string // for the option fingerprint: a run refuses when the plan has changed since
}

// BackfillPlan reads the ledger and tells what a run would do; nothing is changed.
func (step *Step) BackfillPlan() (BackfillPlan, error) {
	var told BackfillPlan
	err := step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
		plan := C.incload_backfill_plan_new(pointer, failure)
		defer C.incload_backfill_plan_unref(plan)
		told = BackfillPlan{
			Units:       int64(C.incload_backfill_plan_units(plan)),
			Taken:       int64(C.incload_backfill_plan_taken(plan)),
			First:       C.GoString(C.incload_backfill_plan_first(plan)),
			Last:        C.GoString(C.incload_backfill_plan_last(plan)),
			Fingerprint: C.GoString(C.incload_backfill_plan_fingerprint(plan)),
		}
	})
	return told, err
}

// Backfill calls a function for each day of a range, on so many goroutines, and waits for the end. Units that
// failed are listed by Run.Failed, and make its error.
func Backfill(ctx context.Context, from, through any, function UnitFunc, parallel int) (*Run, error) {
	step, err := NewBackfill(Days(from, through), function, Options{"parallel": parallel})
	if err != nil {
		return nil, err
	}
	defer step.Close()
	return step.Run(ctx)
}

// NewChangesStep makes a step that applies changes: the function brings the events, the library commits them. Only
// one run at a time may work with the changes, and nobody else meanwhile. Its options are those of "changes_step".
func NewChangesStep(changes *Changes, function FetchFunc, options ...Options) (*Step, error) {
	return consumerStep(changes.held, "object of changes", options,
		func(pointer unsafe.Pointer, text *C.char, failure **C.incload_error) *C.incload_step {
			return C.incload_go_changes_step((*C.incload_changes)(pointer), text, keep(fetcher{function, changes}), failure)
		})
}

type fetcher struct {
	fetch   FetchFunc
	changes *Changes
}
