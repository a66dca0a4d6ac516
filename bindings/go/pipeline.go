// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"io"
	"unsafe"
)

// Pipeline is steps in the order that their dependencies give, side by side where these leave it open.
type Pipeline struct{ held *handle }

// NewPipeline makes a pipeline without steps.
func NewPipeline(name string) (*Pipeline, error) { return (*Context)(nil).NewPipeline(name) }

// NewPipeline makes a pipeline whose events go to the context.
func (c *Context) NewPipeline(name string) (*Pipeline, error) {
	home, leave, err := c.take()
	if err != nil {
		return nil, err
	}
	defer leave()
	text, err := cText(name)
	if err != nil {
		return nil, err
	}
	defer freeText(text)
	var failure *C.incload_error
	pointer := C.incload_pipeline_new(text, home, &failure)
	if err := checked(failure); err != nil {
		return nil, err
	}
	return &Pipeline{newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_pipeline_unref((*C.incload_pipeline)(pointer))
	})}, nil
}

// Close gives the pipeline back. Runs of it go on; a second call does nothing.
func (pipeline *Pipeline) Close() error { pipeline.held.close(); return nil }

func (pipeline *Pipeline) call(call func(*C.incload_pipeline, **C.incload_error)) error {
	pointer := pipeline.held.take()
	if pointer == nil {
		return closedError("pipeline")
	}
	defer pipeline.held.leave(pointer)
	var failure *C.incload_error
	call((*C.incload_pipeline)(pointer), &failure)
	return checked(failure)
}

// SetLedger has its runs kept by a database: then they can be resumed, joined by other processes, and looked up
// later.
func (pipeline *Pipeline) SetLedger(ledger *Database) error {
	database, leave, err := ledger.take()
	if err != nil {
		return err
	}
	defer leave()
	return pipeline.call(func(pointer *C.incload_pipeline, failure **C.incload_error) {
		C.incload_pipeline_set_ledger(pointer, database, failure)
	})
}

// Add adds a step, which waits for those that dependsOn names; they may be added later.
func (pipeline *Pipeline) Add(name string, step *Step, dependsOn ...string) error {
	added, leave, err := step.take()
	if err != nil {
		return err
	}
	defer leave()
	texts, err := newTexts(name, names(dependsOn, " "))
	if err != nil {
		return err
	}
	defer texts.free()
	return pipeline.call(func(pointer *C.incload_pipeline, failure **C.incload_error) {
		C.incload_pipeline_add(pointer, texts[0], added, texts[1], failure)
	})
}

// AddFunc adds a function as a step.
func (pipeline *Pipeline) AddFunc(name string, function UnitFunc, dependsOn ...string) error {
	step, err := NewFunction(function)
	if err != nil {
		return err
	}
	defer step.Close()
	return pipeline.Add(name, step, dependsOn...)
}

// AddLoad adds a load.
func (pipeline *Pipeline) AddLoad(name string, source *Database, sourceTable string, target *Database,
	targetTable string, strategy Strategy, dependsOn ...string) error {
	step, err := NewLoad(source, sourceTable, target, targetTable, strategy)
	if err != nil {
		return err
	}
	defer step.Close()
	return pipeline.Add(name, step, dependsOn...)
}

// Set sets options of a step in this pipeline, such as its retries.
func (pipeline *Pipeline) Set(step string, options Options) error {
	for name, value := range options {
		text, err := optionText(value)
		if err != nil {
			return &Error{Code: ErrInvalid, Message: "option '" + name + "': " + err.Error()}
		}
		texts, err := newTexts(step, name, text)
		if err != nil {
			return err
		}
		err = pipeline.call(func(pointer *C.incload_pipeline, failure **C.incload_error) {
			C.incload_pipeline_set(pointer, texts[0], texts[1], texts[2], failure)
		})
		texts.free()
		if err != nil {
			return err
		}
	}
	return nil
}

// SetCondition lets a function say whether a step runs: nil lets it, Skip leaves it out.
func (pipeline *Pipeline) SetCondition(step string, function UnitFunc) error {
	text, err := cText(step)
	if err != nil {
		return err
	}
	defer freeText(text)
	return pipeline.call(func(pointer *C.incload_pipeline, failure **C.incload_error) {
		C.incload_go_set_condition(pointer, text, keep(condition(function)), failure)
	})
}

// AddPool adds a pool: so many slots, shared by the steps that name it by their option pool.
func (pipeline *Pipeline) AddPool(name string, slots int) error {
	text, err := cText(name)
	if err != nil {
		return err
	}
	defer freeText(text)
	return pipeline.call(func(pointer *C.incload_pipeline, failure **C.incload_error) {
		C.incload_pipeline_add_pool(pointer, text, C.int32_t(slots), failure)
	})
}

// Validate checks the whole of it; all that is wrong is told at once.
func (pipeline *Pipeline) Validate() error {
	return pipeline.call(func(pointer *C.incload_pipeline, failure **C.incload_error) {
		C.incload_pipeline_validate(pointer, failure)
	})
}

// Start runs it on as many goroutines as the option parallel says, by itself 4; it is cancelled when ctx ends.
func (pipeline *Pipeline) Start(ctx context.Context, options ...Options) (*Run, error) {
	pointer := pipeline.held.take()
	if pointer == nil {
		return nil, closedError("pipeline")
	}
	defer pipeline.held.leave(pointer)
	return start(ctx, defaultParallel, true, options, func(text *C.char, failure **C.incload_error) *C.incload_run {
		return C.incload_pipeline_start((*C.incload_pipeline)(pointer), text, failure)
	})
}

// Run runs it to its end. A run that failed is returned beside its error; Close it.
func (pipeline *Pipeline) Run(ctx context.Context, options ...Options) (*Run, error) {
	if err := endsByItself(options); err != nil {
		return nil, err
	}
	return finished(pipeline.Start(ctx, options...))
}

// Resume goes on with a run that failed, was cancelled, or whose process died; with an empty id with the newest
// that has not succeeded. Goroutines do the work as for Start, and it is cancelled when ctx ends. A run that cannot be
// resumed is returned beside its error as well; Close it.
func (pipeline *Pipeline) Resume(ctx context.Context, runID string, options ...Options) (*Run, error) {
	if err := endsByItself(options); err != nil {
		return nil, err
	}
	pointer := pipeline.held.take()
	if pointer == nil {
		return nil, closedError("pipeline")
	}
	defer pipeline.held.leave(pointer)
	var id *C.char
	if runID != "" {
		text, err := cText(runID)
		if err != nil {
			return nil, err
		}
		defer freeText(text)
		id = text
	}
	return finished(start(ctx, defaultParallel, true, options,
		func(text *C.char, failure **C.incload_error) *C.incload_run {
			return C.incload_pipeline_start_resume((*C.incload_pipeline)(pointer), id, text, failure)
		}))
}

// Render writes its graph, for Graphviz ("dot") or Mermaid ("mermaid").
func (pipeline *Pipeline) Render(w io.Writer, format string, options ...Options) error {
	pointer := pipeline.held.take()
	if pointer == nil {
		return closedError("pipeline")
	}
	defer pipeline.held.leave(pointer)
	texts, err := newTextsWith(format, options)
	if err != nil {
		return err
	}
	defer texts.free()
	return write(w, func(user C.uintptr_t, failure **C.incload_error) {
		C.incload_go_render((*C.incload_pipeline)(pointer), texts[0], texts[1], user, failure)
	})
}
