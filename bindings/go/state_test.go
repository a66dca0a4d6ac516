// SPDX-License-Identifier: Apache-2.0

package incload

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestAWatermarkIsReadMovedAndReset(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		source := shop(t)
		never := made[*Watermark](t)(server.Watermark("go_copy"))
		defer never.Close()
		equal(t, "the version before all", never.Version(), 0)
		run := made[*Run](t)(Load(bg, source, "orders", server, "go_copy", byTime))
		defer run.Close()
		mark := made[*Watermark](t)(server.Watermark("go_copy"))
		defer mark.Close()
		equal(t, "its load", mark.Load(), "go_copy")
		equal(t, "its value", mark.Value(), run.Watermark())
		equal(t, "its level", mark.Level(), run.Level())
		if mark.Version() == 0 || mark.Updated().IsZero() || mark.Type() == "" || mark.Document() == "" ||
			mark.String() == "" {
			t.Fatalf("the watermark does not tell itself: %s", mark)
		}
		if err := never.Set("2024-01-15 00:00:00"); !errors.Is(err, ErrBusy) {
			t.Fatalf("an old picture moved it: %v", err)
		}
		must(t, mark.Set("2024-01-15 00:00:00"))
		again := made[*Run](t)(Load(bg, source, "orders", server, "go_copy", byTime))
		defer again.Close()
		if again.RowsRead() == 0 || again.RowsRead() == 100 {
			t.Fatalf("%d rows were read behind the value", again.RowsRead())
		}
		must(t, mark.Refresh())
		equal(t, "the list", made[map[string]string](t)(server.Watermarks())["go_copy"], mark.Value())
		must(t, mark.Reset())
		changes := made[[]WatermarkChange](t)(mark.History())
		equal(t, "changes", len(changes), 4)
		equal(t, "the value of the reset", changes[0].Value, "")
		equal(t, "the first run", changes[3].RunID, run.ID())
		if changes[3].Time.IsZero() || changes[3].Version >= changes[0].Version {
			t.Fatalf("the history is odd: %+v", changes)
		}
	})
}

func TestAPlanTellsWhatARunWouldDo(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		source := shop(t)
		made[int64](t)(server.Execute(bg, "CREATE TABLE go_orders (id INTEGER)")) // a file is made by what writes
		load := made[*Step](t)(NewLoad(source, "orders", server, "go_copy", byTime))
		defer load.Close()
		plan := made[Plan](t)(load.Plan())
		equal(t, "its road", plan.Road, "batches")
		if !plan.CreatesTarget || !plan.CreatesLedger || plan.Idle || plan.String() == "" || plan.JSON == "" {
			t.Fatalf("the plan is odd: %+v", plan)
		}
		purposes := map[string]bool{}
		for _, statement := range plan.Statements {
			if statement.SQL == "" || statement.Side == "" {
				t.Fatalf("a statement is odd: %+v", statement)
			}
			purposes[statement.Purpose] = true
		}
		if !purposes["read"] || !purposes["write"] || !purposes["commit"] {
			t.Fatalf("statements are missing: %v", purposes)
		}
		if _, err := server.Query(bg, "SELECT * FROM go_copy"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("the plan made the target: %v", err)
		}
	})
}

func TestLintFindsAMissingIndex(t *testing.T) {
	load := made[*Step](t)(NewLoad(shop(t), "orders", shop(t), "copies", byTime))
	defer load.Close()
	for _, finding := range made[[]Finding](t)(load.Lint()) {
		if strings.Contains(finding.What, "index") && finding.Remedy != "" && finding.ID != "" && finding.Severity > 0 {
			return
		}
	}
	t.Fatal("an index on the cursor is not missed")
}

func TestVerifyFindsWhatDiffers(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		load := made[*Step](t)(NewLoad(shop(t), "orders", server, "go_copy", byTime))
		defer load.Close()
		made[*Run](t)(load.Run(bg))
		found := made[Verification](t)(load.Verify(bg))
		if !found.Equal || found.SourceRows != 100 || found.TargetRows != 100 || len(found.Differences) != 0 ||
			found.SourceDigest == "" || found.SourceDigest != found.TargetDigest {
			t.Fatalf("told: %+v", found)
		}
		made[int64](t)(server.Execute(bg, "DELETE FROM go_copy WHERE id = 7"))
		made[int64](t)(server.Execute(bg, "UPDATE go_copy SET state = 'odd' WHERE id = 8"))
		found = made[Verification](t)(load.Verify(bg))
		if found.Equal || found.Missing != 1 || found.Changed != 1 || len(found.Differences) != 2 {
			t.Fatalf("told: %+v", found)
		}
		kinds := map[string]Difference{}
		for _, difference := range found.Differences {
			kinds[difference.Key] = difference
		}
		equal(t, "the missing row", kinds["id = 7"].Kind, Missing)
		equal(t, "the changed row", kinds["id = 8"].Kind, Changed)
		equal(t, "its column", kinds["id = 8"].Columns, "state")
		over, cancel := context.WithCancel(bg)
		cancel()
		if _, err := load.Verify(over); !errors.Is(err, context.Canceled) {
			t.Fatalf("told: %v", err)
		}
	})
}

func TestTheLedgerTellsOfRuns(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		bad := errors.New("no good")
		nightly := made[*Pipeline](t)(NewPipeline("nightly"))
		defer nightly.Close()
		must(t, nightly.SetLedger(server))
		must(t, nightly.AddFunc("one", func(context.Context, *Unit) error { return nil }))
		must(t, nightly.AddFunc("two", func(context.Context, *Unit) error { return bad }, "one"))
		run, err := nightly.Run(bg, Options{"run_key": "2024-01-01"})
		if !errors.Is(err, bad) {
			t.Fatalf("told: %v", err)
		}
		defer run.Close()
		runs := made[[]PastRun](t)(server.Runs("nightly", 10))
		equal(t, "runs", len(runs), 1)
		told := runs[0]
		equal(t, "its id", told.ID, run.ID())
		equal(t, "its key", told.Key, "2024-01-01")
		equal(t, "its kind", told.Kind, "pipeline")
		equal(t, "its status", told.Status, Failed)
		equal(t, "its steps", told.Units, 2)
		equal(t, "its attempt", told.Attempt, 1)
		if told.Started.IsZero() || told.Finished.Before(told.Started) {
			t.Fatalf("its times are odd: %+v", told)
		}
		units := made[[]PastUnit](t)(server.Units(run.ID(), 0, 10))
		equal(t, "units", len(units), 2)
		equal(t, "the first", units[0].Label+" "+units[0].Status.String(), "one SUCCESS")
		equal(t, "the second", units[1].Label+" "+units[1].Status.String(), "two FAILED")
		equal(t, "its code", units[1].Code, ErrCallback)
		if !strings.Contains(units[1].Message, "no good") || units[1].Attempts != 1 {
			t.Fatalf("told: %+v", units[1])
		}
		if err := server.CancelRun(run.ID()); !errors.Is(err, ErrState) {
			t.Fatalf("a run that has ended was cancelled: %v", err)
		}
		if err := server.CancelRun("nosuch"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("told: %v", err)
		}
	})
}

func TestARunIsCancelledByTheLedger(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		pipeline := made[*Pipeline](t)(NewPipeline("long"))
		defer pipeline.Close()
		must(t, pipeline.SetLedger(server))
		begun := make(chan struct{})
		must(t, pipeline.AddFunc("waits", func(ctx context.Context, _ *Unit) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		}))
		run := made[*Run](t)(pipeline.Start(bg, Options{"lease": 3 * time.Second}))
		defer run.Close()
		within(t, "the begin of the function", begun)
		runs := made[[]PastRun](t)(server.Runs("long", 1))
		must(t, server.CancelRun(runs[0].ID))
		within(t, "the end of the run", run.Done())
		if err := run.Err(); !errors.Is(err, ErrCancelled) {
			t.Fatalf("told: %v", err)
		}
		equal(t, "its status", made[[]PastRun](t)(server.Runs("long", 1))[0].Status, Cancelled)
	})
}

func TestALeftRunGoesOnElsewhere(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		makeOne := func(function UnitFunc) *Pipeline {
			pipeline := made[*Pipeline](t)(NewPipeline("shared"))
			must(t, pipeline.SetLedger(server))
			must(t, pipeline.AddFunc("work", function))
			return pipeline
		}
		begun := make(chan struct{})
		first := makeOne(func(ctx context.Context, _ *Unit) error {
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		})
		defer first.Close()
		run := made[*Run](t)(first.Start(bg, Options{"run_key": "k"}))
		defer run.Close()
		within(t, "the begin of the function", begun)
		run.Leave()
		within(t, "the end of its part", run.Done())
		second := makeOne(func(context.Context, *Unit) error { return nil })
		defer second.Close()
		again := made[*Run](t)(second.Run(bg, Options{"run_key": "k"}))
		defer again.Close()
		equal(t, "the status", again.Status(), Success)
		equal(t, "runs", len(made[[]PastRun](t)(server.Runs("shared", 10))), 1)
	})
}

func TestARunIsWatched(t *testing.T) {
	step := made[*Step](t)(NewBackfill(Between(0, 3), func(context.Context, *Unit) error { return nil }))
	defer step.Close()
	run := made[*Run](t)(step.Start(bg))
	defer run.Close()
	var told bytes.Buffer
	must(t, run.Watch(&told))
	if !strings.Contains(told.String(), "3") {
		t.Fatalf("told: %s", told.String())
	}
	equal(t, "the status", run.Status(), Success)
	bad := errors.New("bad")
	failing := made[*Step](t)(NewFunction(func(context.Context, *Unit) error { return bad }))
	defer failing.Close()
	other := made[*Run](t)(failing.Start(bg))
	defer other.Close()
	if err := other.Watch(&told); !errors.Is(err, bad) {
		t.Fatalf("told: %v", err)
	}
}
