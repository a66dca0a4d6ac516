// SPDX-License-Identifier: Apache-2.0

package incload

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// workOf gives what tells whether the server is at a statement that takes long, which it is not yet: by its answer to
// atIt, or, of SQLite, which cannot be asked, by the locks that statements of this process have on the file.
func workOf(t *testing.T, server *Database, atIt string) func() bool {
	t.Helper()
	if atIt != "" {
		return func() bool { return cell(t, server, atIt) != "0" }
	}
	log := cell(t, server, "SELECT file || '-shm' FROM pragma_database_list WHERE name = 'main'")
	before := locksOf(t, log)
	return func() bool { return locksOf(t, log) != before }
}

// locksOf lists the bytes of SQLite's write-ahead log that are locked by statements: 120 to write, 123 to 127 to read.
func locksOf(t *testing.T, log string) string {
	t.Helper()
	found := made[os.FileInfo](t)(os.Stat(log))
	inode := fmt.Sprintf(":%d", found.Sys().(*syscall.Stat_t).Ino)
	var list []string
	for _, line := range strings.Split(string(made[[]byte](t)(os.ReadFile("/proc/locks"))), "\n") {
		words := strings.Fields(line)
		if len(words) < 8 || !strings.HasSuffix(words[5], inode) {
			continue
		}
		if from := made[int](t)(strconv.Atoi(words[6])); from >= 120 && from <= 127 {
			list = append(list, words[6])
		}
	}
	sort.Strings(list)
	return strings.Join(list, " ")
}

// become waits until the server is, or is no more, at the statement that takes long.
func become(t *testing.T, working func() bool, wanted bool) {
	t.Helper()
	for until := time.Now().Add(patience); working() != wanted; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("the server does not come to it, or from it: wanted %v", wanted)
		}
	}
}

// cancelledSoon cancels what blocks, and looks that it ends at once, in the server as well.
func cancelledSoon(t *testing.T, server *Database, blocks func(ctx context.Context, query, statement string) error) {
	t.Helper()
	slow := long[made[string](t)(server.Dialect(bg))]
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	working := workOf(t, server, slow.atIt)
	ended := make(chan error, 1)
	go func() { ended <- blocks(ctx, slow.sql, slow.statement) }()
	become(t, working, true)
	begun := time.Now()
	cancel()
	err := <-ended
	if took := time.Since(begun); took > 500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrCancelled) {
		t.Fatalf("told: %v", err)
	}
	become(t, working, false)
}

func TestAContextInterruptsAStatement(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		cancelledSoon(t, server, func(ctx context.Context, _, statement string) error {
			_, err := server.Execute(ctx, statement)
			return err
		})
		equal(t, "the server afterwards", cell(t, server, "SELECT 7"), "7")
	})
}

func TestAContextInterruptsAQuery(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		cancelledSoon(t, server, func(ctx context.Context, sql, _ string) error {
			rows, err := server.Query(ctx, sql)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		})
		equal(t, "the server afterwards", cell(t, server, "SELECT 7"), "7")
	})
}

func TestAContextInterruptsTheReadingOfRows(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		// Its driver has the whole result before the first row: nothing is left to be interrupted.
		if made[string](t)(server.Dialect(bg)) == "mariadb" {
			return
		}
		ctx, cancel := context.WithCancel(bg)
		defer cancel()
		rows := made[*Rows](t)(server.Query(ctx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "+
			"WHERE i < 3000000) SELECT i FROM n"))
		defer rows.Close()
		if !rows.Next() {
			t.Fatalf("no row: %v", rows.Err())
		}
		cancel()
		count := 1
		for rows.Next() {
			count++
		}
		if err := rows.Err(); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrCancelled) {
			t.Fatalf("told: %v", err)
		}
		if count == 3000000 {
			t.Fatal("all rows came")
		}
	})
}

func TestADeadlineInterruptsAStatement(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		statement := long[made[string](t)(server.Dialect(bg))].statement
		ctx, cancel := context.WithTimeout(bg, 200*time.Millisecond)
		defer cancel()
		begun := time.Now()
		_, err := server.Execute(ctx, statement)
		if took := time.Since(begun); took > 700*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("told: %v", err)
		}
	})
}

func TestAContextInterruptsOneOfTwoStatements(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		fill(t, server, "go_orders", 10)
		ctx, cancel := context.WithCancel(bg)
		cancel()
		if _, err := server.Execute(ctx, "DELETE FROM go_orders"); !errors.Is(err, context.Canceled) {
			t.Fatalf("told: %v", err)
		}
		rows := made[*Rows](t)(server.Query(bg, "SELECT id FROM go_orders ORDER BY id"))
		defer rows.Close()
		cancelledSoon(t, server, func(ctx context.Context, _, statement string) error {
			_, err := server.Execute(ctx, statement)
			return err
		})
		count := 0
		for rows.Next() {
			count++
		}
		must(t, rows.Err())
		equal(t, "rows of the other", count, 10)
	})
}

func TestAContextCancelsWhatIsResumed(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		bad := errors.New("bad")
		pipeline := made[*Pipeline](t)(NewPipeline("p"))
		defer pipeline.Close()
		must(t, pipeline.SetLedger(sqlite(t, "ledger")))
		attempts := 0
		must(t, pipeline.AddFunc("gate", func(context.Context, *Unit) error {
			if attempts++; attempts == 1 {
				return bad
			}
			return nil
		}))
		load := made[*Step](t)(NewQueryLoad(server, long[made[string](t)(server.Dialect(bg))].sql, sqlite(t, "lake"),
			"rows", FullRefresh()))
		defer load.Close()
		must(t, pipeline.Add("rows", load, "gate"))
		run, err := pipeline.Run(bg)
		if !errors.Is(err, bad) {
			t.Fatalf("told: %v", err)
		}
		defer run.Close()
		cancelledSoon(t, server, func(ctx context.Context, _, _ string) error {
			again, err := pipeline.Resume(ctx, run.ID())
			defer again.Close()
			if again.ID() != run.ID() {
				t.Errorf("another run was resumed: %s", again.ID())
			}
			return err
		})
	})
}

func TestWhatCannotBeResumedIsTold(t *testing.T) {
	pipeline := made[*Pipeline](t)(NewPipeline("p"))
	defer pipeline.Close()
	must(t, pipeline.AddFunc("one", func(context.Context, *Unit) error { return nil }))
	if _, err := pipeline.Resume(bg, ""); !errors.Is(err, ErrInvalid) {
		t.Fatalf("told without a ledger: %v", err)
	}
	must(t, pipeline.SetLedger(sqlite(t, "ledger")))
	run, err := pipeline.Resume(bg, "nosuch")
	if !errors.Is(err, ErrNotFound) {
		t.Fatalf("told: %v", err)
	}
	must(t, run.Close())
}

func TestNobodyWaitsForARunThatIsLeftToTheCaller(t *testing.T) {
	nobody, words := Options{"parallel": 0}, Options{"parallel": "0"}
	step := made[*Step](t)(NewFunction(func(context.Context, *Unit) error { return nil }))
	defer step.Close()
	pipeline := made[*Pipeline](t)(NewPipeline("p"))
	defer pipeline.Close()
	must(t, pipeline.Add("one", step))
	for name, wait := range map[string]func() (*Run, error){
		"a step":             func() (*Run, error) { return step.Run(bg, nobody) },
		"a pipeline":         func() (*Run, error) { return pipeline.Run(bg, nobody) },
		"a text":             func() (*Run, error) { return pipeline.Run(bg, words) },
		"no number":          func() (*Run, error) { return pipeline.Run(bg, Options{"parallel": "many"}) },
		"a pipeline resumed": func() (*Run, error) { return pipeline.Resume(bg, "", nobody) },
	} {
		ended := make(chan error, 1)
		go func() { _, err := wait(); ended <- err }()
		if err := answer(t, ended); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: told: %v", name, err)
		}
	}
	run := made[*Run](t)(step.Start(bg, nobody))
	defer run.Close()
	must(t, run.Participate())
	must(t, run.Wait())
}

func TestPipelinesOfTwoGoroutinesKeepApart(t *testing.T) {
	type key struct{}
	bad := errors.New("bad")
	runOne := func(name string, fails bool) error {
		pipeline, err := NewPipeline(name)
		if err != nil {
			return err
		}
		defer pipeline.Close()
		for _, step := range []string{"a", "b", "c"} {
			err := pipeline.AddFunc(step, func(ctx context.Context, unit *Unit) error {
				if ctx.Value(key{}) != name {
					return errors.New("the context is that of another run")
				}
				if fails && unit.Step() == "b" {
					return bad
				}
				return unit.SetResult([]byte(name))
			})
			if err != nil {
				return err
			}
		}
		run, err := pipeline.Run(context.WithValue(bg, key{}, name), Options{"parallel": 2})
		if run == nil {
			return err
		}
		defer run.Close()
		if string(run.Step("c").Result) != name {
			return errors.New("the result is that of another run")
		}
		return err
	}
	ended := make(chan error, 2)
	for _, fails := range []bool{false, true} {
		fails := fails
		go func() {
			for round := 0; round < 50; round++ {
				err := runOne(map[bool]string{false: "well", true: "ill"}[fails], fails)
				if errors.Is(err, bad) != fails || (err != nil) != fails {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
	}
	must(t, <-ended)
	must(t, <-ended)
}
