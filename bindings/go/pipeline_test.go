// SPDX-License-Identifier: Apache-2.0

package incload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

type keyOfTest struct{}

func TestResultsAreHandedOn(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		nightly := made[*Pipeline](t)(NewPipeline("nightly"))
		defer nightly.Close()
		must(t, nightly.AddLoad("orders", shop(t), "orders", server, "go_copy", byTime))
		must(t, nightly.AddFunc("totals", func(ctx context.Context, unit *Unit) error {
			if ctx.Value(keyOfTest{}) != "traced" {
				return errors.New("the context of the run is lost")
			}
			return unit.SetJSON(cell(t, server, "SELECT count(*) FROM go_copy"))
		}, "orders"))
		must(t, nightly.AddFunc("report", func(_ context.Context, unit *Unit) error {
			var rows string
			if err := unit.InputJSON("totals", &rows); err != nil {
				return err
			}
			return unit.SetResult([]byte("rows: " + rows))
		}, "totals"))
		run := made[*Run](t)(nightly.Run(context.WithValue(bg, keyOfTest{}, "traced"), Options{"parallel": 2}))
		defer run.Close()
		equal(t, "rows written", run.Step("orders").RowsWritten(), 100)
		equal(t, "the report", string(run.Step("report").Result), "rows: 100")
		var page, graph bytes.Buffer
		must(t, run.WriteReport(&page, "html"))
		must(t, nightly.Render(&graph, "dot"))
		if !strings.Contains(page.String(), "<html") || !strings.Contains(graph.String(), "totals") {
			t.Fatal("the report is none")
		}
	})
}

func TestAFailureSkipsThoseBehindItAlone(t *testing.T) {
	bad := errors.New("no good")
	pipeline := made[*Pipeline](t)(NewPipeline("p"))
	must(t, pipeline.AddFunc("bad", func(context.Context, *Unit) error { return bad }))
	must(t, pipeline.AddFunc("panics", func(context.Context, *Unit) error { panic(bad) }))
	must(t, pipeline.AddFunc("gone", func(context.Context, *Unit) error { runtime.Goexit(); return nil }))
	must(t, pipeline.AddFunc("behind", func(context.Context, *Unit) error { return nil }, "bad"))
	must(t, pipeline.AddFunc("other", func(_ context.Context, unit *Unit) error { return unit.SetResult([]byte{0, 1}) }))
	run, err := pipeline.Run(bg)
	defer run.Close()
	if !errors.Is(err, bad) && !errors.Is(err, errGone) {
		t.Fatalf("told: %v", err)
	}
	for name, wanted := range map[string]Status{
		"bad": Failed, "panics": Failed, "gone": Failed, "behind": Skipped, "other": Success,
	} {
		equal(t, "step "+name, run.Step(name).Status, wanted)
	}
	equal(t, "the reason", run.Step("behind").Reason, "UPSTREAM_FAILED")
	equal(t, "the result", len(run.Step("other").Result), 2)
}

func TestAFunctionOfALoadInAPipelineFailsItsStepOnly(t *testing.T) {
	source, lake := shop(t), sqlite(t, "lake")
	odd := errors.New("odd")
	load := made[*Step](t)(NewLoad(source, "orders", lake, "orders", byTime,
		WithProcess(func(context.Context, *Batch) error { return odd })))
	pipeline := made[*Pipeline](t)(NewPipeline("p"))
	must(t, pipeline.Add("orders", load))
	must(t, pipeline.AddLoad("others", source, "orders", lake, "others", byTime))
	run, err := pipeline.Run(bg)
	if !errors.Is(err, odd) {
		t.Fatalf("told: %v", err)
	}
	equal(t, "the other step", run.Step("others").RowsWritten(), 100)
}

func TestOutcomes(t *testing.T) {
	pipeline := made[*Pipeline](t)(NewPipeline("p"))
	var attempts []int
	must(t, pipeline.AddFunc("never", func(context.Context, *Unit) error { return errors.New("must not run") }))
	must(t, pipeline.SetCondition("never", func(context.Context, *Unit) error { return Skip }))
	must(t, pipeline.AddFunc("third_time", func(_ context.Context, unit *Unit) error {
		attempts = append(attempts, unit.Attempt())
		if unit.Attempt() < 3 {
			return Retry(errors.New("again"), time.Millisecond)
		}
		return nil
	}))
	must(t, pipeline.Set("third_time", Options{"retries": 3, "retry_delay": time.Millisecond}))
	must(t, pipeline.AddFunc("leaves", func(context.Context, *Unit) error { return fmt.Errorf("odd: %w", Skip) }))
	calls := 0
	must(t, pipeline.AddFunc("yields", func(context.Context, *Unit) error {
		if calls++; calls < 3 {
			return Yield(time.Millisecond)
		}
		return nil
	}))
	run := made[*Run](t)(pipeline.Run(bg))
	equal(t, "attempts", fmt.Sprint(attempts), "[1 2 3]")
	equal(t, "calls", calls, 3)
	equal(t, "never", run.Step("never").Status, Skipped)
	equal(t, "leaves", run.Step("leaves").Status, Skipped)
	over := errors.New("over")
	step := made[*Step](t)(NewFunction(func(context.Context, *Unit) error { return Fail(over) }))
	if _, err := step.Run(bg); !errors.Is(err, over) {
		t.Fatalf("told: %v", err)
	}
}

func TestACycleIsToldAsAPath(t *testing.T) {
	pipeline := made[*Pipeline](t)(NewPipeline("p"))
	nothing := func(context.Context, *Unit) error { return nil }
	must(t, pipeline.AddFunc("a", nothing, "b"))
	must(t, pipeline.AddFunc("b", nothing, "a"))
	if err := pipeline.Validate(); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "a") {
		t.Fatalf("told: %v", err)
	}
}

func TestARunIsResumedFromWhatFailed(t *testing.T) {
	pipeline := made[*Pipeline](t)(NewPipeline("again"))
	must(t, pipeline.SetLedger(sqlite(t, "lake")))
	broken := errors.New("down")
	var calls []string
	fails := true
	must(t, pipeline.AddFunc("first", func(_ context.Context, unit *Unit) error {
		calls = append(calls, "first")
		return unit.SetResult([]byte("kept"))
	}))
	must(t, pipeline.AddFunc("second", func(_ context.Context, unit *Unit) error {
		calls = append(calls, "second")
		if fails {
			return broken
		}
		return unit.SetResult(unit.Input("first"))
	}, "first"))
	run, err := pipeline.Run(bg)
	if !errors.Is(err, broken) {
		t.Fatalf("told: %v", err)
	}
	fails = false
	again := made[*Run](t)(pipeline.Resume(bg, run.ID()))
	equal(t, "calls", fmt.Sprint(calls), "[first second second]")
	equal(t, "the result", string(again.Step("second").Result), "kept")
}

func TestABackfillReportsWhatFailedAndRunsItAlone(t *testing.T) {
	lake := sqlite(t, "lake")
	down := errors.New("down")
	bad := map[string]bool{"2024-01-15": true, "2024-02-11": true, "2024-03-30": true}
	var mutex sync.Mutex
	var seen []string
	step := made[*Step](t)(NewBackfill(Days("2024-01-01", time.Date(2024, 3, 31, 0, 0, 0, 0, time.UTC)),
		func(_ context.Context, unit *Unit) error {
			mutex.Lock()
			defer mutex.Unlock()
			seen = append(seen, unit.Label())
			if unit.Start().Format("2006-01-02") != unit.Label() {
				return errors.New("the bounds are not those of the label")
			}
			if bad[unit.Label()] {
				return fmt.Errorf("%s: %w", unit.Label(), down)
			}
			return nil
		}, Options{"name": "days", "parallel": 4}))
	must(t, step.SetLedger(lake))
	run, err := step.Run(bg)
	if !errors.Is(err, down) {
		t.Fatalf("told: %v", err)
	}
	equal(t, "units that failed", len(run.Failed()), 3)
	for _, unit := range run.Failed() {
		if !bad[unit.Label] || !errors.Is(unit.Err, down) || !strings.Contains(unit.Err.Error(), unit.Label) {
			t.Fatalf("unit %s: %v", unit.Label, unit.Err)
		}
	}
	equal(t, "units that succeeded", run.CountUnits(Success), 88)
	equal(t, "units to do", made[BackfillPlan](t)(step.BackfillPlan()).Taken, 3)
	bad, seen = nil, nil
	made[*Run](t)(step.Run(bg))
	sort.Strings(seen)
	equal(t, "units that ran again", fmt.Sprint(seen), "[2024-01-15 2024-02-11 2024-03-30]")
}

func TestUnitsOfABackfillRunSideBySide(t *testing.T) {
	for _, parallel := range []any{4, int64(4), "4"} {
		var meeting sync.WaitGroup
		meeting.Add(4)
		step := made[*Step](t)(NewBackfill(Days("2024-01-01", "2024-01-04"), func(context.Context, *Unit) error {
			meeting.Done()
			meeting.Wait()
			return nil
		}, Options{"parallel": parallel}))
		ended := make(chan error, 1)
		go func() {
			run, err := step.Run(bg)
			if err == nil && run.CountUnits(Success) != 4 {
				err = errors.New("there are not four units")
			}
			ended <- err
		}()
		must(t, answer(t, ended))
	}
	day := made[*Run](t)(Backfill(bg, "2024-01-01", "2024-01-01", func(context.Context, *Unit) error { return nil }, 2))
	equal(t, "units", day.CountUnits(Success), 1)
}

func TestKeysAndTheirProductWithDays(t *testing.T) {
	var mutex sync.Mutex
	seen := map[string]bool{}
	note := func(_ context.Context, unit *Unit) error {
		mutex.Lock()
		defer mutex.Unlock()
		seen[fmt.Sprint(unit.Low(), unit.Key())] = true
		return nil
	}
	keys := made[*Step](t)(NewBackfill(Keys("north", "south"), note))
	made[*Run](t)(keys.Run(bg))
	equal(t, "keys", len(seen), 2)
	numbers := made[*Step](t)(NewBackfill(Between(0, 3).Each("a", "b"), note, Options{"parallel": 2}))
	made[*Run](t)(numbers.Run(bg))
	equal(t, "keys and numbers", len(seen), 8)
	if _, err := NewBackfill(Between(0, 1.5), note); !errors.Is(err, ErrInvalid) {
		t.Fatalf("told: %v", err)
	}
}

func TestALoadOverARange(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		load := made[*Step](t)(NewLoad(shop(t), "orders", server, "go_copy", Append()))
		step := made[*Step](t)(NewLoadBackfill(load, Days("2024-01-01", "2024-01-28"),
			Options{"column": "updated_at", "parallel": 2}))
		run := made[*Run](t)(step.Run(bg))
		equal(t, "units", run.CountUnits(Success), 28)
		equal(t, "rows", cell(t, server, "SELECT count(*) FROM go_copy"), "100")
		equal(t, "units to do", made[BackfillPlan](t)(step.BackfillPlan()).Taken, 0)
	})
}

func TestTwoPipelinesOnTwoGoroutines(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		source := shop(t)
		failures := make(chan error, 2)
		for _, table := range []string{"go_orders", "go_copy"} {
			table := table
			go func() { failures <- fivePipelines(source, server, table) }()
		}
		for range []int{0, 1} {
			must(t, <-failures)
		}
		for _, table := range []string{"go_orders", "go_copy"} {
			equal(t, "rows of "+table, cell(t, server, "SELECT count(*) FROM "+table), "100")
		}
	})
}

func fivePipelines(source, lake *Database, table string) error {
	for round := 0; round < 5; round++ {
		pipeline, err := NewPipeline(table)
		if err != nil {
			return err
		}
		defer pipeline.Close()
		if err := pipeline.AddLoad("orders", source, "orders", lake, table, Upsert("id")); err != nil {
			return err
		}
		err = pipeline.AddFunc("tell", func(_ context.Context, unit *Unit) error {
			return unit.SetResult([]byte(unit.Step()))
		}, "orders")
		if err != nil {
			return err
		}
		run, err := pipeline.Run(bg, Options{"parallel": 2})
		if err != nil {
			return err
		}
		defer run.Close()
		if string(run.Step("tell").Result) != "tell" {
			return errors.New("the result is lost")
		}
	}
	return nil
}
