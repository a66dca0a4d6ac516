// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import "time"

// mostListed is how many runs or units the library lists at once.
const mostListed = 1000

// PastRun is a run of a pipeline or backfill as a ledger knows it. One whose processes died is running until it is
// resumed or joined.
type PastRun struct {
	ID       string
	Name     string
	Key      string // the option run_key that it was started with
	Kind     string // "pipeline" or "backfill"
	Status   Status
	Started  time.Time
	Finished time.Time // zero while it goes on
	Units    int64     // or steps
	Failed   int64     // of them, for good
	Attempt  int64     // 1, and one more each time it is resumed
}

// PastUnit is a step or unit of such a run.
type PastUnit struct {
	Place       int64 // in the run, from 0
	Label       string
	Status      Status
	Attempts    int
	RowsWritten int64
	Started     time.Time
	Finished    time.Time
	Code        Code   // why it failed, or was last begun again; 0 when there was no error
	Message     string // of that error
}

// history calls a function with the runs of a ledger, the newest first.
func (database *Database) history(name string, limit int, with func(*C.incload_history, **C.incload_error)) error {
	ledger, leave, err := database.take()
	if err != nil {
		return err
	}
	defer leave()
	var text *C.char
	if name != "" {
		if text, err = cText(name); err != nil {
			return err
		}
		defer freeText(text)
	}
	var failure *C.incload_error
	history := C.incload_history_new(ledger, text, C.int32_t(limit), &failure)
	if err := checked(failure); err != nil {
		return err
	}
	defer C.incload_history_unref(history)
	with(history, &failure)
	return checked(failure)
}

// Runs are the runs that the ledger in this database keeps, the newest first: of the pipeline or backfill of that name,
// of all when it is empty, and at most limit of them, 1 to 1000.
func (database *Database) Runs(name string, limit int) (runs []PastRun, err error) {
	err = database.history(name, limit, func(history *C.incload_history, _ **C.incload_error) {
		for index := C.int32_t(0); index < C.incload_history_count(history); index++ {
			runs = append(runs, PastRun{
				ID:       C.GoString(C.incload_history_run_id(history, index)),
				Name:     C.GoString(C.incload_history_name(history, index)),
				Key:      C.GoString(C.incload_history_key(history, index)),
				Kind:     C.GoString(C.incload_history_kind(history, index)),
				Status:   Status(C.incload_history_status(history, index)),
				Started:  instant(C.incload_history_started_us(history, index)),
				Finished: instant(C.incload_history_finished_us(history, index)),
				Units:    int64(C.incload_history_units(history, index)),
				Failed:   int64(C.incload_history_failed(history, index)),
				Attempt:  int64(C.incload_history_attempt(history, index)),
			})
		}
	})
	return runs, err
}

// CancelRun asks a run to stop, in all processes that take part in it: one of the newest 1000 of this ledger. They hear
// of it within a third of their lease.
func (database *Database) CancelRun(runID string) error {
	found := false
	err := database.history("", mostListed, func(history *C.incload_history, failure **C.incload_error) {
		for index := C.int32_t(0); index < C.incload_history_count(history) && !found; index++ {
			if C.GoString(C.incload_history_run_id(history, index)) == runID {
				found = true
				C.incload_history_cancel(history, index, failure)
			}
		}
	})
	if err == nil && !found {
		return &Error{Code: ErrNotFound, Message: "the ledger lists no run '" + runID + "' among its newest: see " +
			"Database.Runs"}
	}
	return err
}

// Units are the steps or units of one run, in their order: those from a place on, at most limit of them, 1 to 1000.
// Units of a backfill that were never handed out are not among them.
func (database *Database) Units(runID string, from int64, limit int) ([]PastUnit, error) {
	ledger, leave, err := database.take()
	if err != nil {
		return nil, err
	}
	defer leave()
	text, err := cText(runID)
	if err != nil {
		return nil, err
	}
	defer freeText(text)
	var failure *C.incload_error
	past := C.incload_unit_history_new(ledger, text, C.int64_t(from), C.int32_t(limit), &failure)
	defer C.incload_unit_history_unref(past)
	var units []PastUnit
	for index := C.int32_t(0); index < C.incload_unit_history_count(past); index++ {
		units = append(units, PastUnit{
			Place:       int64(C.incload_unit_history_place(past, index)),
			Label:       C.GoString(C.incload_unit_history_label(past, index)),
			Status:      Status(C.incload_unit_history_status(past, index)),
			Attempts:    int(C.incload_unit_history_attempts(past, index)),
			RowsWritten: int64(C.incload_unit_history_rows_written(past, index)),
			Started:     instant(C.incload_unit_history_started_us(past, index)),
			Finished:    instant(C.incload_unit_history_finished_us(past, index)),
			Code:        Code(C.incload_unit_history_error_code(past, index)),
			Message:     C.GoString(C.incload_unit_history_error(past, index)),
		})
	}
	return units, checked(failure)
}
