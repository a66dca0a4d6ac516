// SPDX-License-Identifier: Apache-2.0

package incload

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// programs are what a process that a test starts does instead of testing.
var programs = map[string]func(){
	"ends with a run in progress": func() {
		waiting(bg)
	},
	"is interrupted": func() {
		ctx, stop := signal.NotifyContext(bg, os.Interrupt)
		defer stop()
		err := waiting(ctx).Wait()
		fmt.Println("cancelled:", errors.Is(err, context.Canceled))
	},
}

func TestMain(m *testing.M) {
	if program, ok := programs[os.Getenv("INCLOAD_GO_PROGRAM")]; ok {
		program()
		return
	}
	os.Exit(m.Run())
}

// waiting is a run of a function that waits for its end, in a program.
func waiting(ctx context.Context) *Run {
	in := make(chan struct{})
	step, err := NewFunction(func(ctx context.Context, _ *Unit) error {
		close(in)
		<-ctx.Done()
		return ctx.Err()
	})
	if err != nil {
		panic(err)
	}
	run, err := step.Start(ctx)
	if err != nil {
		panic(err)
	}
	<-in
	fmt.Println("in")
	return run
}

func program(t *testing.T, name string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "INCLOAD_GO_PROGRAM="+name)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	reader := bufio.NewReader(out)
	line, err := reader.ReadString('\n')
	must(t, err)
	equal(t, "the program's word", line, "in\n")
	return command, reader
}

func TestAProgramEndsWithARunInProgress(t *testing.T) {
	command, _ := program(t, "ends with a run in progress")
	must(t, command.Wait())
}

func TestAnInterruptCancels(t *testing.T) {
	command, out := program(t, "is interrupted")
	must(t, command.Process.Signal(os.Interrupt))
	begun := time.Now()
	line, err := out.ReadString('\n')
	must(t, err)
	equal(t, "the program's word", line, "cancelled: true\n")
	if took := time.Since(begun); took > 500*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	must(t, command.Wait())
}

const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) " +
	"SELECT count(*) AS id FROM n, (SELECT count(*) FROM sqlite_master) AS m"

// A query that takes long, a statement that does, and how the server tells that it is at it: see workOf.
var long = map[string]struct{ sql, statement, atIt string }{
	"postgres": {"SELECT 1 AS id, pg_sleep(60)::text AS s", "SELECT pg_sleep(60)",
		"SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND " +
			"datname = current_database()"},
	"mariadb": {"SELECT 1 AS id, SLEEP(60) AS s", "SELECT 1 AS id, SLEEP(60) AS s",
		"SELECT count(*) FROM information_schema.processlist WHERE state = 'User sleep' AND " +
			"db = DATABASE()"},
	"sqlite": {endless, "CREATE TABLE slow AS " + endless, ""},
}

func TestAContextCancelsSQLWithinHalfASecond(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		lake := sqlite(t, "lake")
		cancelledSoon(t, server, func(ctx context.Context, sql, _ string) error {
			step, err := NewQueryLoad(server, sql, lake, "rows", FullRefresh())
			if err != nil {
				return err
			}
			defer step.Close()
			run, err := step.Run(ctx)
			if run != nil {
				defer run.Close()
			}
			return err
		})
	})
}

func TestADeadlineEndsUnitsThatAsk(t *testing.T) {
	ctx, cancel := context.WithTimeout(bg, 50*time.Millisecond)
	defer cancel()
	step := made[*Step](t)(NewFunction(func(ctx context.Context, unit *Unit) error {
		if _, set := ctx.Deadline(); !set {
			return errors.New("the deadline is lost")
		}
		<-ctx.Done()
		if !unit.Cancelled() {
			return errors.New("the unit does not know")
		}
		return ctx.Err()
	}))
	run, err := step.Run(ctx)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("told: %v", err)
	}
	equal(t, "status", run.Status(), Failed)
	if _, err := step.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a run was started: %v", err)
	}
}

func TestClosingARunCancelsIt(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan struct{})
	step := made[*Step](t)(NewFunction(func(ctx context.Context, _ *Unit) error {
		close(begun)
		<-ctx.Done()
		close(ended)
		return nil
	}))
	run := made[*Run](t)(step.Start(bg))
	within(t, "the begin of the function", begun)
	must(t, run.Close())
	must(t, run.Close())
	within(t, "the end of the run", run.Done())
	within(t, "the end of the function", ended)
	equal(t, "rows of a closed run", run.RowsRead(), 0)
}

func TestEventsTellOfARun(t *testing.T) {
	home := made[*Context](t)(NewContext())
	defer home.Close()
	pipeline := made[*Pipeline](t)(home.NewPipeline("p"))
	must(t, pipeline.AddFunc("one", func(context.Context, *Unit) error { return nil }))
	run := made[*Run](t)(pipeline.Start(bg))
	ctx, cancel := context.WithTimeout(bg, patience)
	defer cancel()
	for {
		event := made[Event](t)(home.NextEvent(ctx))
		equal(t, "the run", event.RunID, run.ID())
		if event.Kind == RunFinished {
			break
		}
	}
	must(t, run.Wait())
	cancel()
	if _, err := home.NextEvent(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("told: %v", err)
	}
}

func residentBytes(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	must(t, err)
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	must(t, err)
	return pages * int64(os.Getpagesize())
}

// collected waits until the collector has given back what was dropped.
func collected(t *testing.T, objects, functions int64) {
	t.Helper()
	for until := time.Now().Add(patience); live.Load() > objects || kept.Load() > functions; runtime.GC() {
		if time.Now().After(until) {
			t.Fatalf("%d objects and %d functions are left", live.Load()-objects, kept.Load()-functions)
		}
		time.Sleep(time.Millisecond)
	}
}

func makeAndDrop(t *testing.T, rounds int) {
	for round := 0; round < rounds; round++ {
		database := made[*Database](t)(NewDatabase("odbc:Driver=SQLite3;Database=:memory:"))
		made[*Step](t)(NewLoad(database, "a", database, "b", byTime))
		pipeline := made[*Pipeline](t)(NewPipeline("p"))
		must(t, pipeline.AddFunc("f", func(context.Context, *Unit) error { return nil }))
		if round%2 == 0 {
			database.Close()
			pipeline.Close()
		}
	}
}

func TestTenThousandHandlesLeaveNothingBehind(t *testing.T) {
	objects, functions := live.Load(), kept.Load()
	makeAndDrop(t, 500)
	collected(t, objects, functions)
	before := residentBytes(t)
	makeAndDrop(t, 2500)
	collected(t, objects, functions)
	if grown := residentBytes(t) - before; grown > 16<<20 {
		t.Errorf("%d bytes are left", grown)
	}
}

func TestRunsLeaveNothingBehind(t *testing.T) {
	bad := errors.New("bad")
	step := made[*Step](t)(NewFunction(func(context.Context, *Unit) error { return bad }))
	defer step.Close()
	goroutines := runtime.NumGoroutine()
	for round := 0; round < 200; round++ {
		run, err := step.Run(bg)
		if !errors.Is(err, bad) {
			t.Fatalf("told: %v", err)
		}
		run.Close()
	}
	for run, left := range courses.byRun {
		t.Errorf("run %s is not forgotten: %d users, %v", run, left.users, left.errors)
	}
	for until := time.Now().Add(patience); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(until) {
			t.Fatalf("%d goroutines are left", runtime.NumGoroutine()-goroutines)
		}
	}
}
