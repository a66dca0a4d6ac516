// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"unsafe"
)

// defaultParallel is how many goroutines drive a pipeline, as many threads as the library would take.
const defaultParallel = 4

// Step is something that runs, alone or in a pipeline: a load, a group of loads, a function, a backfill.
type Step struct {
	held    *handle
	workers int // goroutines that drive a run of it; 0: a thread of the library does
}

func newStep(pointer *C.incload_step, workers int) *Step {
	return &Step{newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_step_unref((*C.incload_step)(pointer))
	}), workers}
}

// Close gives the step back. What uses it goes on; a second call does nothing.
func (step *Step) Close() error { step.held.close(); return nil }

func (step *Step) take() (*C.incload_step, func(), error) {
	if step == nil {
		return nil, nil, closedError("step")
	}
	pointer := step.held.take()
	if pointer == nil {
		return nil, nil, closedError("step")
	}
	return (*C.incload_step)(pointer), func() { step.held.leave(pointer) }, nil
}

// LoadOption says more about a load than where it reads and writes.
type LoadOption func(*Step) error

// WithProcess lets a function see every batch.
func WithProcess(function BatchFunc) LoadOption {
	return func(step *Step) error {
		return step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
			C.incload_go_set_batch_function(pointer, keep(function), failure)
		})
	}
}

// WithCheck adds a query that must give no row before rows are published; {staging} and {target} stand for the
// tables.
func WithCheck(name, sql string) LoadOption {
	return func(step *Step) error {
		texts, err := newTexts(name, sql)
		if err != nil {
			return err
		}
		defer texts.free()
		return step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
			C.incload_step_add_check(pointer, texts[0], texts[1], failure)
		})
	}
}

// WithCheckFunc lets a function decide whether the staged rows are published.
func WithCheckFunc(function CheckFunc) LoadOption {
	return func(step *Step) error {
		return step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
			C.incload_go_set_check_function(pointer, keep(function), failure)
		})
	}
}

// WithParameters gives the parameters of a query load their values, from the first on.
func WithParameters(values ...any) LoadOption {
	return func(step *Step) error {
		for index, value := range values {
			if err := step.bind(index+1, value); err != nil {
				return err
			}
		}
		return nil
	}
}

// WithPrimary names the primary of a source that is a PostgreSQL standby.
func WithPrimary(primary *Database) LoadOption {
	return func(step *Step) error {
		server, leave, err := primary.take()
		if err != nil {
			return err
		}
		defer leave()
		return step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
			C.incload_step_set_primary(pointer, server, failure)
		})
	}
}

// WithOptions sets options of the object "step".
func WithOptions(options Options) LoadOption {
	return func(step *Step) error {
		for name, value := range options {
			if err := step.Set(name, value); err != nil {
				return err
			}
		}
		return nil
	}
}

func (step *Step) hand(call func(*C.incload_step, **C.incload_error)) error {
	pointer, leave, err := step.take()
	if err != nil {
		return err
	}
	defer leave()
	var failure *C.incload_error
	call(pointer, &failure)
	return checked(failure)
}

func (step *Step) bind(index int, value any) error {
	text, set, err := valueText(value)
	if err != nil {
		return &Error{Code: ErrInvalid, Message: err.Error()}
	}
	bound, err := cText(text)
	if err != nil {
		return err
	}
	defer freeText(bound)
	return step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
		if set {
			C.incload_step_bind(pointer, C.int32_t(index), bound, failure)
		} else {
			C.incload_step_bind(pointer, C.int32_t(index), nil, failure)
		}
	})
}

// Set sets one option of the step, until it was started.
func (step *Step) Set(name string, value any) error {
	text, err := optionText(value)
	if err != nil {
		return &Error{Code: ErrInvalid, Message: "option '" + name + "': " + err.Error()}
	}
	texts, err := newTexts(name, text)
	if err != nil {
		return err
	}
	defer texts.free()
	return step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
		C.incload_step_set(pointer, texts[0], texts[1], failure)
	})
}

// NewLoad makes a load of a table into a table, which is created in the shape of the source when it is missing.
func NewLoad(source *Database, sourceTable string, target *Database, targetTable string, strategy Strategy,
	options ...LoadOption) (*Step, error) {
	return newLoad(false, source, sourceTable, target, targetTable, strategy, options)
}

// NewQueryLoad makes a load of a query's result: one SELECT in the source's own SQL; see WithParameters.
func NewQueryLoad(source *Database, query string, target *Database, targetTable string, strategy Strategy,
	options ...LoadOption) (*Step, error) {
	return newLoad(true, source, query, target, targetTable, strategy, options)
}

func newLoad(query bool, source *Database, what string, target *Database, targetTable string, strategy Strategy,
	options []LoadOption) (*Step, error) {
	from, to, leave, err := takeBoth(source, target)
	if err != nil {
		return nil, err
	}
	defer leave()
	how, err := strategy.pointer()
	if err != nil {
		return nil, err
	}
	defer C.incload_strategy_unref(how)
	texts, err := newTexts(what, targetTable)
	if err != nil {
		return nil, err
	}
	defer texts.free()
	var failure *C.incload_error
	var pointer *C.incload_step
	if query {
		pointer = C.incload_step_new_query_load(from, texts[0], to, texts[1], how, &failure)
	} else {
		pointer = C.incload_step_new_load(from, texts[0], to, texts[1], how, &failure)
	}
	if err := checked(failure); err != nil {
		return nil, err
	}
	step := newStep(pointer, 0)
	for _, option := range options {
		if err := option(step); err != nil {
			step.Close()
			return nil, err
		}
	}
	return step, nil
}

// NewGroup makes a group of loads into one database that land together: all of them in one transaction, or none.
func NewGroup(name string, loads []*Step, options ...Options) (*Step, error) {
	text, err := Options{"name": name}.with(options...).pointer()
	if err != nil {
		return nil, err
	}
	defer freeText(text)
	pointers := make([]*C.incload_step, len(loads)+1)
	for index, load := range loads {
		pointer, leave, err := load.take()
		if err != nil {
			return nil, err
		}
		defer leave()
		pointers[index] = pointer
	}
	var failure *C.incload_error
	pointer := C.incload_step_new_group(&pointers[0], C.int32_t(len(loads)), text, &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	return newStep(pointer, 0), nil
}

// NewFunction makes a function a step. Its options are those of the object "step", such as its name.
func NewFunction(function UnitFunc, options ...Options) (*Step, error) {
	var failure *C.incload_error
	pointer := C.incload_go_function(keep(function), &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	step := newStep(pointer, 1)
	if err := WithOptions(Options{}.with(options...))(step); err != nil {
		step.Close()
		return nil, err
	}
	return step, nil
}

// Start runs the step; it goes on by itself, and is cancelled when ctx ends. The options are those of a run.
func (step *Step) Start(ctx context.Context, options ...Options) (*Run, error) {
	pointer, leave, err := step.take()
	if err != nil {
		return nil, err
	}
	defer leave()
	return start(ctx, step.workers, step.workers > 0, options,
		func(text *C.char, failure **C.incload_error) *C.incload_run {
			return C.incload_step_start(pointer, text, failure)
		})
}

// Run runs the step to its end. A run that failed is returned beside its error; Close it.
func (step *Step) Run(ctx context.Context, options ...Options) (*Run, error) {
	if step != nil && step.workers > 0 {
		if err := endsByItself(options); err != nil {
			return nil, err
		}
	}
	return finished(step.Start(ctx, options...))
}

// ReplayRejects loads the rows once more that the target refused. It is cancelled when ctx ends.
func (step *Step) ReplayRejects(ctx context.Context, options ...Options) (*Run, error) {
	pointer, leave, err := step.take()
	if err != nil {
		return nil, err
	}
	defer leave()
	return finished(start(ctx, 0, false, options, func(text *C.char, failure **C.incload_error) *C.incload_run {
		return C.incload_step_start_replay(pointer, text, failure)
	}))
}

// endsByItself refuses to wait for a run that is left to goroutines of the caller: nobody has it yet, to take part.
func endsByItself(options []Options) error {
	if parallel, ok := (Options{}).with(options...).parallel(); ok && parallel == 0 {
		return &Error{Code: ErrInvalid,
			Message: "parallel=0 leaves the work to goroutines of the caller: Start the run, and Participate in it"}
	}
	return nil
}

func finished(run *Run, err error) (*Run, error) {
	if err != nil {
		return nil, err
	}
	return run, run.Wait()
}

// start starts a run. When goroutines drive it, the option parallel says how many; with 0 the caller takes part by
// itself.
func start(ctx context.Context, workers int, driven bool, options []Options,
	call func(*C.char, **C.incload_error) *C.incload_run) (*Run, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	given := Options{}.with(options...)
	if driven {
		parallel, ok := given.parallel()
		if ok && parallel >= 0 {
			workers = parallel
		}
		if ok || given["parallel"] == nil {
			given["parallel"] = 0
		}
	}
	text, err := given.pointer()
	if err != nil {
		return nil, err
	}
	defer freeText(text)
	var failure *C.incload_error
	expectCourse()
	pointer := call(text, &failure)
	told := checked(failure)
	if pointer == nil {
		leaveCourse("", nil)
		if told == nil {
			told = &Error{Code: ErrInternal, Message: "the run was not started"}
		}
		return nil, told
	}
	return startRun(ctx, pointer, workers), nil
}

// Load runs a load of a table into a table, to its end.
func Load(ctx context.Context, source *Database, sourceTable string, target *Database, targetTable string,
	strategy Strategy, options ...LoadOption) (*Run, error) {
	step, err := NewLoad(source, sourceTable, target, targetTable, strategy, options...)
	if err != nil {
		return nil, err
	}
	defer step.Close()
	return step.Run(ctx)
}
