// SPDX-License-Identifier: Apache-2.0

package incload

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

var byTime = Timestamp("updated_at", "id")

func TestRowsSinceTheWatermark(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		source := shop(t)
		run := made[*Run](t)(Load(bg, source, "orders", server, "go_copy", byTime))
		defer run.Close()
		equal(t, "status", run.Status(), Success)
		equal(t, "rows written", run.RowsWritten(), 100)
		if run.Watermark() == "" || run.Level() == "" || run.ID() == "" {
			t.Fatal("the run does not tell its watermark")
		}
		made[int64](t)(source.Execute(bg, "UPDATE orders SET state = 'sent', updated_at = '2024-03-01 00:00:00' "+
			"WHERE id < 5"))
		again := made[*Run](t)(Load(bg, source, "orders", server, "go_copy", byTime))
		defer again.Close()
		equal(t, "rows written again", again.RowsWritten(), 5)
		equal(t, "rows", cell(t, server, "SELECT count(*) FROM go_copy"), "100")
		equal(t, "sent rows", cell(t, server, "SELECT count(*) FROM go_copy WHERE state = 'sent'"), "5")
	})
}

func TestTheServerIsASource(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		fill(t, server, "go_orders", 100)
		lake := sqlite(t, "lake")
		sum := 0
		run := made[*Run](t)(Load(bg, server, "go_orders", lake, "orders", byTime,
			WithProcess(func(_ context.Context, batch *Batch) error {
				ids, states, times := batch.Column("id"), batch.Column("state"), batch.Column("updated_at")
				for row := 0; row < batch.Len(); row++ {
					sum += int(ids.Int(row))
					if states.Text(row) == "" || times.Time(row).Year() != 2024 || states.Null(row) {
						return fmt.Errorf("row %d is odd", row)
					}
				}
				return batch.Keep(func(row int) bool { return states.Text(row) == "paid" })
			})))
		defer run.Close()
		equal(t, "sum of ids", sum, 4950)
		equal(t, "rows written", run.RowsWritten(), 50)
		equal(t, "rows skipped", run.RowsSkipped(), 50)
		equal(t, "road", run.Road(), "batches")
	})
}

func TestAFunctionAltersRows(t *testing.T) {
	lake := sqlite(t, "lake")
	run := made[*Run](t)(Load(bg, shop(t), "orders", lake, "orders", byTime,
		WithProcess(func(_ context.Context, batch *Batch) error {
			states := batch.Column("state")
			upper := make([]any, batch.Len())
			for row := range upper {
				upper[row] = strings.ToUpper(states.Text(row))
			}
			upper[0] = nil
			return batch.Set("state", upper)
		})))
	defer run.Close()
	equal(t, "open orders", cell(t, lake, "SELECT count(*) FROM orders WHERE state = 'OPEN'"), "49")
	equal(t, "stateless orders", cell(t, lake, "SELECT count(*) FROM orders WHERE state IS NULL"), "1")
}

func TestValuesOfEachKindCanBeSet(t *testing.T) {
	source, lake := sqlite(t, "shop"), sqlite(t, "lake")
	made[int64](t)(source.Execute(bg, "CREATE TABLE kinds (id INTEGER NOT NULL PRIMARY KEY, amount DOUBLE, "+
		"born DATE, seen TIMESTAMP, note VARCHAR(9))"))
	made[int64](t)(source.Execute(bg, "INSERT INTO kinds VALUES (1, 1.5, '2024-02-29', '2024-02-29 12:30:00', 'x'), "+
		"(2, NULL, NULL, NULL, NULL)"))
	run := made[*Run](t)(Load(bg, source, "kinds", lake, "kinds", Append(),
		WithProcess(func(_ context.Context, batch *Batch) error {
			amounts, born, seen := batch.Column("amount"), batch.Column("born"), batch.Column("seen")
			first := []any{amounts.Float(0), born.Time(0), seen.Time(0)}
			if !amounts.Null(1) || amounts.Value(1) != nil {
				return errors.New("NULL is told as a value")
			}
			for index, name := range []string{"amount", "born", "seen"} {
				if err := batch.Set(name, []any{nil, first[index]}); err != nil {
					return err
				}
			}
			return batch.Set("id", []any{int64(7), 8})
		})))
	defer run.Close()
	rows := made[*Rows](t)(lake.Query(bg, "SELECT id, amount, born, seen FROM kinds ORDER BY id"))
	defer rows.Close()
	told := ""
	for rows.Next() {
		told += fmt.Sprintln(rows.Values()...)
	}
	must(t, rows.Err())
	if !strings.HasPrefix(told, "7 <nil> <nil> <nil>\n8 1.5 2024-02-29 00:00:00") {
		t.Fatalf("landed: %s", told)
	}
}

func TestAnErrorFailsTheLoadAndIsWrapped(t *testing.T) {
	odd := errors.New("not this")
	lake := sqlite(t, "lake")
	run, err := Load(bg, shop(t), "orders", lake, "orders", byTime,
		WithProcess(func(context.Context, *Batch) error { return fmt.Errorf("batch: %w", odd) }))
	defer run.Close()
	var failure *Error
	if !errors.Is(err, odd) || !errors.Is(err, ErrCallback) || !errors.As(err, &failure) {
		t.Fatalf("told: %v", err)
	}
	if !strings.Contains(err.Error(), "batch: not this") {
		t.Fatalf("the message does not tell: %v", err)
	}
	equal(t, "status", run.Status(), Failed)
}

func TestAPanicFailsItsLoadOnly(t *testing.T) {
	source, lake := shop(t), sqlite(t, "lake")
	_, err := Load(bg, source, "orders", lake, "orders", byTime,
		WithProcess(func(context.Context, *Batch) error { panic("out of range") }))
	var panicked *PanicError
	if !errors.As(err, &panicked) || panicked.Value != "out of range" || len(panicked.Stack) == 0 {
		t.Fatalf("told: %v", err)
	}
	run := made[*Run](t)(Load(bg, source, "orders", lake, "orders", byTime))
	equal(t, "rows written after it", run.RowsWritten(), 100)
}

// ending are values for a column: NULL, and those at the end.
// oddError panics when it is asked what it says.
type oddError struct{}

func (oddError) Error() string { panic("no words") }

// oddAs panics when it is asked what it is.
type oddAs struct{}

func (oddAs) Error() string { return "odd" }

func (oddAs) As(any) bool { panic("no kind") }

func TestAnErrorThatPanicsFailsItsLoadOnly(t *testing.T) {
	for _, odd := range []error{oddError{}, oddAs{}} {
		_, err := Load(bg, shop(t), "orders", sqlite(t, "lake"), "orders", byTime,
			WithProcess(func(context.Context, *Batch) error { return odd }))
		var panicked *PanicError
		if !errors.Is(err, ErrCallback) || !errors.As(err, &panicked) {
			t.Fatalf("told: %v", err)
		}
	}
}

func ending(batch *Batch, values ...any) []any {
	return append(make([]any, batch.Len()-len(values)), values...)
}

func TestGarbageFromAFunctionFailsItsLoadOnly(t *testing.T) {
	source, lake := shop(t), sqlite(t, "lake")
	for name, garble := range map[string]func(*Batch) error{
		"too few values":     func(batch *Batch) error { return batch.Set("state", []any{"x"}) },
		"mixed kinds":        func(batch *Batch) error { return batch.Set("id", ending(batch, 1, "x")) },
		"another kind":       func(batch *Batch) error { return batch.Set("updated_at", ending(batch, true)) },
		"a kind not there":   func(batch *Batch) error { return batch.Set("id", ending(batch, batch)) },
		"no such column":     func(batch *Batch) error { return batch.Set("nosuch", make([]any, batch.Len())) },
		"a column not there": func(batch *Batch) error { batch.Column("nosuch"); return nil },
		"a row not there":    func(batch *Batch) error { batch.Column("id").Int(batch.Len()); return nil },
		"a type not there":   func(batch *Batch) error { batch.Column("state").Bool(0); return nil },
		"rows that are gone": func(batch *Batch) error {
			ids := batch.Column("id")
			if err := batch.Keep(func(int) bool { return true }); err != nil {
				return err
			}
			ids.Int(0)
			return nil
		},
	} {
		run, err := Load(bg, source, "orders", lake, "orders", Append(),
			WithProcess(func(_ context.Context, batch *Batch) error { return garble(batch) }))
		if err == nil {
			t.Errorf("%s: the load went on", name)
		}
		run.Close()
	}
	run := made[*Run](t)(Load(bg, source, "orders", lake, "orders", byTime))
	equal(t, "rows written after it", run.RowsWritten(), 100)
}

func TestABatchIsNotToBeUsedLater(t *testing.T) {
	var kept *Batch
	var ids *Column
	run := made[*Run](t)(Load(bg, shop(t), "orders", sqlite(t, "lake"), "orders", Append(),
		WithProcess(func(_ context.Context, batch *Batch) error {
			kept, ids = batch, batch.Column("id")
			return nil
		})))
	defer run.Close()
	if _, err := kept.Columns(); !errors.Is(err, ErrState) || kept.Len() != 0 || kept.Unit().Label() != "" {
		t.Fatalf("told: %v", err)
	}
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, ErrState) {
			t.Fatalf("the column told: %v", err)
		}
	}()
	ids.Int(0)
}

func TestChecksRefuseBeforeAnythingIsPublished(t *testing.T) {
	source, lake := shop(t), sqlite(t, "lake")
	refresh := FullRefresh(Options{"key": "id"})
	_, err := Load(bg, source, "orders", lake, "orders", refresh,
		WithCheck("no open order", "SELECT 1 AS bad FROM {staging} WHERE state = 'open'"))
	if !errors.Is(err, ErrCheck) || !strings.Contains(err.Error(), "no open order") {
		t.Fatalf("told: %v", err)
	}
	few := errors.New("too few")
	_, err = Load(bg, source, "orders", lake, "orders", refresh,
		WithCheckFunc(func(read, staged int64) error {
			if read != 100 || staged != 100 {
				return errors.New("other figures than are right")
			}
			return few
		}))
	if !errors.Is(err, few) || !errors.Is(err, ErrCheck) {
		t.Fatalf("told: %v", err)
	}
	made[*Run](t)(Load(bg, source, "orders", lake, "orders", refresh,
		WithCheckFunc(func(read, staged int64) error { return nil })))
}

func TestAQueryWithParameters(t *testing.T) {
	step := made[*Step](t)(NewQueryLoad(shop(t), "SELECT id, state FROM orders WHERE id < ?", sqlite(t, "lake"), "few",
		FullRefresh(), WithParameters(7)))
	defer step.Close()
	run := made[*Run](t)(step.Run(bg))
	equal(t, "rows written", run.RowsWritten(), 7)
}

func TestAGroupLandsTogether(t *testing.T) {
	source, lake := shop(t), sqlite(t, "lake")
	fill(t, source, "parts", 10)
	orders := made[*Step](t)(NewLoad(source, "orders", lake, "orders", byTime))
	parts := made[*Step](t)(NewLoad(source, "parts", lake, "parts", byTime))
	group := made[*Step](t)(NewGroup("both", []*Step{orders, parts}))
	run := made[*Run](t)(group.Run(bg))
	equal(t, "rows written", run.RowsWritten(), 110)
	equal(t, "rows of the second", run.Loads()[1].RowsWritten(), 10)
}

func TestAllRowsTakeThePlaceOfThoseThatAreThere(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		for into, strategy := range map[string]Strategy{
			"go_copy":   FullRefresh(Options{"key": "id"}),
			"go_orders": Swap(Options{"min_rows": 50}),
		} {
			source := shop(t)
			for _, left := range []int{100, 60} {
				made[int64](t)(source.Execute(bg, fmt.Sprintf("DELETE FROM orders WHERE id >= %d", left)))
				run := made[*Run](t)(Load(bg, source, "orders", server, into, strategy))
				defer run.Close()
				equal(t, "rows written", run.RowsWritten(), int64(left))
				equal(t, "rows", cell(t, server, "SELECT count(*) FROM "+into), strconv.Itoa(left))
				made[int64](t)(source.Execute(bg, "UPDATE orders SET state = 'sent' WHERE id < 5"))
			}
			equal(t, "sent rows", cell(t, server, "SELECT count(*) FROM "+into+" WHERE state = 'sent'"), "5")
		}
	})
}

func TestSwapRefusesAShrinkAndAdviceTellsWhy(t *testing.T) {
	source, lake := shop(t), sqlite(t, "lake")
	made[*Run](t)(Load(bg, source, "orders", lake, "orders", Swap(Options{"min_rows": 50})))
	made[int64](t)(source.Execute(bg, "DELETE FROM orders WHERE id >= 20"))
	if _, err := Load(bg, source, "orders", lake, "orders", Swap(Options{"min_rows": 50})); !errors.Is(err, ErrCheck) {
		t.Fatalf("told: %v", err)
	}
	equal(t, "rows", cell(t, lake, "SELECT count(*) FROM orders"), "100")
	advice := made[Recommendation](t)(Recommend(source, "orders", lake, "orders", Options{"critical": true}))
	if advice.Preset != "swap" || advice.Reason == "" {
		t.Fatalf("advice: %+v", advice)
	}
}

func TestErrorsHaveWhatIsKnown(t *testing.T) {
	source, lake := shop(t), sqlite(t, "lake")
	_, err := Load(bg, source, "nosuch", lake, "orders", Append())
	var failure *Error
	if !errors.As(err, &failure) || failure.Code != ErrNotFound || failure.Retryable || errors.Is(err, ErrRetryable) {
		t.Fatalf("told: %v", err)
	}
	equal(t, "the code's name", ErrNotFound.Error(), "INCLOAD_E_NOT_FOUND")
	if _, err = NewLoad(source, "orders", lake, "orders", Preset("timestamp", Options{"curser": "x"})); err == nil ||
		!strings.Contains(err.Error(), "did you mean 'cursor'") {
		t.Fatalf("told: %v", err)
	}
	nobody := made[*Database](t)(NewDatabase("postgresql://nobody@127.0.0.1:1/x", Options{"connect_timeout": 2000}))
	if err = nobody.Check(bg); !errors.Is(err, ErrConnect) || !errors.Is(err, ErrRetryable) {
		t.Fatalf("told: %v", err)
	}
	nobody.Close()
	if err = nobody.Check(bg); !errors.Is(err, ErrState) {
		t.Fatalf("told: %v", err)
	}
}

func TestOptionsBecomeTexts(t *testing.T) {
	for _, each := range []struct {
		options Options
		wanted  string
	}{
		{Options{"a": true, "b": 2, "c": nil, "d": "it's \\"}, `a='true' b='2' d='it\'s \\'`},
		{Options{"keys": []string{"id", "odd name", `q"`}}, `keys='id,"odd name","q"""'`},
		{Options{"timeout": 1500000}, `timeout='1500000'`},
	} {
		equal(t, "text", made[string](t)(each.options.text()), each.wanted)
	}
	if _, err := (Options{"f": func() {}}).text(); !errors.Is(err, ErrInvalid) {
		t.Fatalf("told: %v", err)
	}
}
