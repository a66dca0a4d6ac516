// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"io"
	"runtime"
	"runtime/cgo"
	"strings"
	"time"
	"unsafe"
)

// Status is how a run, step or unit stands.
type Status int

// The statuses.
const (
	Pending Status = C.INCLOAD_STATUS_PENDING
	Running Status = C.INCLOAD_STATUS_RUNNING
	Success Status = C.INCLOAD_STATUS_SUCCESS
	Failed  Status = C.INCLOAD_STATUS_FAILED
	Skipped Status = C.INCLOAD_STATUS_SKIPPED
	// Partial and Cancelled are those of runs in a ledger: only optional steps failed; it can be resumed.
	Partial   Status = C.INCLOAD_STATUS_PARTIAL
	Cancelled Status = C.INCLOAD_STATUS_CANCELLED
)

var statusNames = []string{"", "PENDING", "RUNNING", "SUCCESS", "FAILED", "SKIPPED", "PARTIAL", "CANCELLED"}

// Run is one execution of a step or pipeline. It goes on by itself until it ends, or the context ends that it was
// started with; Wait sees it to its end.
type Run struct {
	Figures
	course *course
}

// StepOutcome is what one step of a run did.
type StepOutcome struct {
	Figures
	Name   string
	Status Status
	Reason string // what it waits for, why it was left out or failed: a word such as UPSTREAM_FAILED
	Result []byte // what its function left by SetResult
}

// FailedUnit is a unit that failed for good.
type FailedUnit struct {
	Label    string
	Attempts int
	Err      error
}

// startRun takes over a run that was started, and has goroutines do its work.
func startRun(ctx context.Context, pointer *C.incload_run, workers int) *Run {
	id := C.GoString(C.incload_run_id(pointer))
	run := &Run{Figures{held: newHandle(unsafe.Pointer(pointer), func(pointer unsafe.Pointer) {
		C.incload_run_unref((*C.incload_run)(pointer))
	})}, enterCourse(id, ctx)}
	for number := 0; number < workers; number++ {
		reference := C.incload_run_ref(pointer)
		run.course.workers.Add(1)
		go func() {
			defer run.course.workers.Done()
			defer C.incload_run_unref(reference)
			participate(reference, run.course, nil)
		}()
	}
	go watch(ctx, C.incload_run_ref(pointer), id, run.course)
	return run
}

func participate(run *C.incload_run, course *course, failure **C.incload_error) {
	by := cgo.NewHandle(course.told)
	defer by.Delete()
	C.incload_go_participate(run, C.uintptr_t(by), failure)
}

// watch sees a run to its end, and cancels it when its context ends before.
func watch(ctx context.Context, run *C.incload_run, id string, course *course) {
	ended := make(chan struct{})
	go func() {
		C.incload_run_wait(run, -1, nil)
		close(ended)
	}()
	select {
	case <-ctx.Done():
		C.incload_run_cancel(run)
	case <-ended:
	}
	<-ended
	course.workers.Wait()
	course.adopt(C.GoString(C.incload_run_id(run)))
	for index := C.int32_t(0); index < C.incload_run_load_count(run); index++ {
		course.adopt(C.GoString(C.incload_run_id(C.incload_run_load(run, index))))
	}
	for index := C.int32_t(0); index < C.incload_run_step_count(run); index++ {
		course.adopt(C.GoString(C.incload_run_id(C.incload_run_step(run, index))))
	}
	leaveCourse(id, course)
	C.incload_run_unref(run)
	close(course.done)
}

// Done is closed when the run has ended.
func (run *Run) Done() <-chan struct{} { return run.course.done }

// Wait waits for the end of the run and gives its error. The error of the Go function that made it fail is wrapped in
// it, and so is that of a context that ended.
func (run *Run) Wait() error {
	<-run.course.done
	return run.Err()
}

// Err is why the run failed; nil when it did not, or goes on.
func (run *Run) Err() error {
	pointer, leave := run.enter()
	defer leave()
	failure := taken(C.incload_run_error(pointer))
	if failure == nil {
		return nil
	}
	return run.course.explain(failure, true)
}

// Close gives the run back, and cancels it if it goes on. What it told is gone then.
func (run *Run) Close() error {
	select {
	case <-run.course.done:
	default:
		run.Cancel()
	}
	run.held.close()
	return nil
}

func (run *Run) do(call func(*C.incload_run)) {
	pointer, leave := run.enter()
	defer leave()
	call(pointer)
}

// Cancel asks it to stop: running SQL is interrupted, nothing of an open unit lands.
func (run *Run) Cancel() { run.do(func(run *C.incload_run) { C.incload_run_cancel(run) }) }

// Leave takes no further part in a run that a ledger keeps and that has a key: what this process is at is interrupted
// and given back, and the others go on. Any other run is cancelled by it.
func (run *Run) Leave() { run.do(func(run *C.incload_run) { C.incload_run_leave(run) }) }

// Drain asks it to start nothing more; what is at work may end.
func (run *Run) Drain() { run.do(func(run *C.incload_run) { C.incload_run_drain(run) }) }

// Pause lets a run of a pipeline or backfill start no unit until Continue.
func (run *Run) Pause() { run.do(func(run *C.incload_run) { C.incload_run_pause(run) }) }

// Continue lets a paused run go on.
func (run *Run) Continue() { run.do(func(run *C.incload_run) { C.incload_run_continue(run) }) }

// Participate does the run's work on the calling goroutine until there is none left, beside those that do it already.
// For runs of functions, pipelines and backfills.
func (run *Run) Participate() error {
	pointer, leave := run.enter()
	defer leave()
	var failure *C.incload_error
	participate(pointer, run.course, &failure)
	return checked(failure)
}

// Steps are what each step did, in the order in which they were added: of a pipeline, function or backfill.
func (run *Run) Steps() []StepOutcome {
	pointer, leave := run.enter()
	defer leave()
	steps := make([]StepOutcome, int(C.incload_run_step_count(pointer)))
	for number := range steps {
		index := C.int32_t(number)
		steps[number] = StepOutcome{
			Figures: Figures{held: run.held, part: C.incload_run_step(pointer, index)},
			Name:    C.GoString(C.incload_run_step_name(pointer, index)),
			Status:  Status(C.incload_run_step_status(pointer, index)),
			Reason:  C.GoString(C.incload_run_step_reason(pointer, index)),
		}
		var size C.size_t
		if data := C.incload_run_step_result(pointer, index, &size); data != nil {
			steps[number].Result = C.GoBytes(data, C.int(size))
		}
	}
	return steps
}

// Step is what the step of that name did; its Status is 0 when there is none.
func (run *Run) Step(name string) StepOutcome {
	for _, step := range run.Steps() {
		if step.Name == name {
			return step
		}
	}
	return StepOutcome{}
}

// Loads are what each load of a group did.
func (run *Run) Loads() []Figures {
	pointer, leave := run.enter()
	defer leave()
	loads := make([]Figures, int(C.incload_run_load_count(pointer)))
	for number := range loads {
		loads[number] = Figures{held: run.held, part: C.incload_run_load(pointer, C.int32_t(number))}
	}
	return loads
}

// Failed are the units that failed for good: at most 10,000 are listed.
func (run *Run) Failed() []FailedUnit {
	pointer, leave := run.enter()
	defer leave()
	units := make([]FailedUnit, int(C.incload_run_failed_count(pointer)))
	for number := range units {
		index := C.int32_t(number)
		units[number] = FailedUnit{
			Label:    C.GoString(C.incload_run_failed_label(pointer, index)),
			Attempts: int(C.incload_run_failed_attempts(pointer, index)),
		}
		if failure := taken(C.incload_run_failed_error(pointer, index)); failure != nil {
			units[number].Err = run.course.explain(failure, false)
		}
	}
	return units
}

// CountUnits tells how many units, over all steps, stand so.
func (run *Run) CountUnits(status Status) (count int64) {
	run.do(func(run *C.incload_run) { count = int64(C.incload_run_count_units(run, C.int32_t(status))) })
	return count
}

// WriteReport writes a report of the run: "html", "dot", "mermaid", "gantt", "trace" or "openlineage".
func (run *Run) WriteReport(w io.Writer, format string, options ...Options) error {
	texts, err := newTextsWith(format, options)
	if err != nil {
		return err
	}
	defer texts.free()
	pointer, leave := run.enter()
	defer leave()
	return write(w, func(user C.uintptr_t, failure **C.incload_error) {
		C.incload_go_report(pointer, texts[0], texts[1], user, failure)
	})
}

// Watch writes how the run goes on, until it has ended, and gives its error as Wait does. The options are those of the
// object "watch". When the writer fails it gives that error, and the run goes on.
func (run *Run) Watch(w io.Writer, options ...Options) error {
	text, err := Options{}.with(options...).pointer()
	if err != nil {
		return err
	}
	defer freeText(text)
	pointer, leave := run.enter()
	defer leave()
	err = write(w, func(user C.uintptr_t, failure **C.incload_error) {
		C.incload_go_watch(pointer, text, user, failure)
	})
	if C.incload_run_status(pointer) == C.INCLOAD_STATUS_RUNNING {
		return err
	}
	if ended := run.Wait(); ended != nil {
		return ended
	}
	return err
}

// Figures are what a run, a load of a group or a step tells of itself. They grow while it goes on, and are 0 and ""
// once the run is closed.
type Figures struct {
	held *handle
	part *C.incload_run
}

func (figures Figures) enter() (*C.incload_run, func()) {
	pointer := figures.held.take()
	if pointer == nil {
		return nil, func() {}
	}
	if figures.part != nil {
		return figures.part, func() { figures.held.leave(pointer) }
	}
	return (*C.incload_run)(pointer), func() { figures.held.leave(pointer) }
}

func (figures Figures) number(ask func(*C.incload_run) C.int64_t) int64 {
	pointer, leave := figures.enter()
	defer leave()
	return int64(ask(pointer))
}

func (figures Figures) text(ask func(*C.incload_run) *C.char) string {
	pointer, leave := figures.enter()
	defer leave()
	text := C.GoString(ask(pointer))
	runtime.KeepAlive(figures.held)
	return text
}

// ID is 32 hexadecimal digits, as in the ledger.
func (figures Figures) ID() string {
	return figures.text(func(run *C.incload_run) *C.char { return C.incload_run_id(run) })
}

// Status is how it stands.
func (figures Figures) Status() Status {
	return Status(figures.number(func(run *C.incload_run) C.int64_t { return C.int64_t(C.incload_run_status(run)) }))
}

// RowsRead are rows read from the source.
func (figures Figures) RowsRead() int64 {
	return figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_rows_read(run) })
}

// RowsWritten are rows inserted or updated in the target: final, and durable, when the run has succeeded.
func (figures Figures) RowsWritten() int64 {
	return figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_rows_written(run) })
}

// RowsSkipped are rows read that needed no write.
func (figures Figures) RowsSkipped() int64 {
	return figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_rows_skipped(run) })
}

// RowsRejected are rows that the target refused and the ledger keeps.
func (figures Figures) RowsRejected() int64 {
	return figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_rows_rejected(run) })
}

// RowsDeleted are rows deleted from the target, or marked there.
func (figures Figures) RowsDeleted() int64 {
	return figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_rows_deleted(run) })
}

// RowsWithoutCursor are rows read whose cursor was NULL.
func (figures Figures) RowsWithoutCursor() int64 {
	return figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_rows_without_cursor(run) })
}

// KeysRead are the keys that were read to find deleted rows.
func (figures Figures) KeysRead() int64 {
	return figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_keys_read(run) })
}

// Lateness is how far behind that place the latest of them was, in the cursor's unit; of a time in microseconds.
func (figures Figures) Lateness() int64 {
	return figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_lateness(run) })
}

// RowsLate are rows that a deep read found behind the place where the cursor would have begun to look.
func (figures Figures) RowsLate() int64 {
	return figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_rows_late(run) })
}

// Bytes are those of row data that crossed the host; 0 on the road inside the database.
func (figures Figures) Bytes() int64 {
	return figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_bytes(run) })
}

// Duration is how long it has taken so far, or took.
func (figures Figures) Duration() time.Duration {
	us := figures.number(func(run *C.incload_run) C.int64_t { return C.incload_run_duration_us(run) })
	return microseconds(C.int64_t(us))
}

// Attempts are how many its unit took so far.
func (figures Figures) Attempts() int {
	ask := func(run *C.incload_run) C.int64_t { return C.int64_t(C.incload_run_attempts(run)) }
	return int(figures.number(ask))
}

// Road is "same-database", "relay" or "batches".
func (figures Figures) Road() string {
	return figures.text(func(run *C.incload_run) *C.char { return C.incload_run_road(run) })
}

// RoadReason says why not a faster road; empty when it was the fastest.
func (figures Figures) RoadReason() string {
	return figures.text(func(run *C.incload_run) *C.char { return C.incload_run_road_reason(run) })
}

// Watermark is the position after the run, in the source's own text; empty when there is none.
func (figures Figures) Watermark() string {
	return figures.text(func(run *C.incload_run) *C.char { return C.incload_run_watermark(run) })
}

// Level is how exact the watermark is: "EXACT", "EXACT_IF_STAMPED", "BEST_EFFORT" or empty.
func (figures Figures) Level() string {
	return figures.text(func(run *C.incload_run) *C.char { return C.incload_run_level(run) })
}

// LevelReason says why it is not more exact.
func (figures Figures) LevelReason() string {
	return figures.text(func(run *C.incload_run) *C.char { return C.incload_run_level_reason(run) })
}

// HeldBy is who holds the source's oldest transaction, which the watermark waits for; empty when nobody does.
func (figures Figures) HeldBy() string {
	return figures.text(func(run *C.incload_run) *C.char { return C.incload_run_held_by(run) })
}

// SchemaChanges are what has changed in the source's columns, and what was done about it.
func (figures Figures) SchemaChanges() []string {
	text := figures.text(func(run *C.incload_run) *C.char { return C.incload_run_schema_changes(run) })
	return strings.FieldsFunc(text, func(letter rune) bool { return letter == '\n' })
}
