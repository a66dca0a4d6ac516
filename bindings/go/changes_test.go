// SPDX-License-Identifier: Apache-2.0

package incload

import (
	"context"
	"errors"
	"os"
	"testing"
)

// customers makes a table whose rows can be marked as deleted.
func customers(t *testing.T, server *Database, table string) {
	t.Helper()
	made[int64](t)(server.Execute(bg, "CREATE TABLE "+table+" (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), "+
		"_deleted SMALLINT, deleted_at TIMESTAMP NULL)"))
}

func TestEventsAreFoldedAndDeletesAreSoft(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		customers(t, server, "go_orders")
		changes := made[*Changes](t)(server.Changes("go_orders", Options{"key": "id", "deletes": "soft"}))
		defer changes.Close()
		must(t, changes.Push(Insert, Row{"id": 1, "name": "a"}, Position{1, 0}))
		must(t, changes.Push(Insert, Row{"id": 2, "name": nil}, Position{2, 0}))
		must(t, changes.Push(Update, Row{"id": 1, "name": "A"}, Position{3, 0}))
		must(t, changes.Push(Delete, Row{"id": 2}, Position{3, 1}))
		equal(t, "pending", changes.Pending(), 4)
		must(t, changes.Commit(bg))
		equal(t, "position", made[Position](t)(changes.Position()), Position{3, 1})
		equal(t, "the name", cell(t, server, "SELECT name FROM go_orders WHERE id = 1"), "A")
		equal(t, "marked", cell(t, server, "SELECT count(*) FROM go_orders WHERE _deleted = 1"), "1")
		must(t, changes.Push(Insert, Row{"id": 1, "name": "old"}, Position{1, 0}))
		must(t, changes.Commit(bg))
		equal(t, "skipped", changes.Skipped(), 1)
		equal(t, "the name", cell(t, server, "SELECT name FROM go_orders WHERE id = 1"), "A")
	})
}

func TestAnUpdateOfTheKeyMovesTheRow(t *testing.T) {
	onEach(t, func(t *testing.T, server *Database) {
		customers(t, server, "go_orders")
		changes := made[*Changes](t)(server.Changes("go_orders", Options{"key": "id", "deletes": "hard"}))
		defer changes.Close()
		message := `{"op": "c", "after": {"id": 1, "name": "x"}}`
		must(t, changes.PushDebezium([]byte(`{"id": 1}`), []byte(message), Position{}))
		must(t, changes.Commit(bg))
		must(t, changes.PushUpdate(Row{"id": 1}, Row{"id": 9}, Position{}))
		must(t, changes.Commit(bg))
		equal(t, "the name", cell(t, server, "SELECT name FROM go_orders WHERE id = 9"), "x")
		equal(t, "rows", cell(t, server, "SELECT count(*) FROM go_orders"), "1")
	})
}

func TestTablesOfAGroupLandTogether(t *testing.T) {
	server := sqlite(t, "server")
	customers(t, server, "people")
	customers(t, server, "copies")
	group := made[*Changes](t)(server.ChangeGroup("crm"))
	people := made[*Changes](t)(group.AddTable("people", Options{"key": "id"}))
	copies := made[*Changes](t)(group.AddTable("copies", Options{"key": "id"}))
	must(t, people.Push(Insert, Row{"id": 1, "name": "a"}, Position{5, 0}))
	must(t, copies.Push(Insert, Row{"id": 2, "name": "b"}, Position{5, 1}))
	must(t, group.Commit(bg))
	equal(t, "people", cell(t, server, "SELECT name FROM people"), "a")
	equal(t, "copies", cell(t, server, "SELECT name FROM copies"), "b")
}

func TestWhatIsWrongWithAnEventIsTold(t *testing.T) {
	server := sqlite(t, "server")
	customers(t, server, "people")
	changes := made[*Changes](t)(server.Changes("people", Options{"key": "id"}))
	for name, each := range map[string]struct {
		row    Row
		wanted error
	}{
		"no such column":  {Row{"id": 1, "nosuch": 2}, ErrNotFound},
		"no number":       {Row{"id": "one"}, ErrData},
		"no form as text": {Row{"id": func() {}}, ErrInvalid},
		"a NUL":           {Row{"id": 1, "name": "a\x00b"}, ErrInvalid},
		"no key":          {Row{"name": "a"}, ErrInvalid},
	} {
		if err := changes.Push(Insert, each.row, Position{}); !errors.Is(err, each.wanted) {
			t.Errorf("%s: told: %v", name, err)
		}
	}
	gone, cancel := context.WithCancel(bg)
	cancel()
	if err := changes.Commit(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("told: %v", err)
	}
}

func TestAContextInterruptsTheCommitOfChangesThatWereClosed(t *testing.T) {
	server := sqlite(t, "server")
	customers(t, server, "people")
	for _, statement := range []string{
		"CREATE VIEW slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000) " +
			"SELECT i FROM n",
		"CREATE TRIGGER slowly BEFORE INSERT ON people BEGIN SELECT count(*) FROM slow; END",
	} {
		made[int64](t)(server.Execute(bg, statement))
	}
	changes := made[*Changes](t)(server.Changes("people", Options{"key": "id"}))
	must(t, changes.Push(Insert, Row{"id": 1, "name": "a"}, Position{1, 0}))
	ctx, cancel := context.WithCancel(bg)
	defer cancel()
	working := workOf(t, server, "")
	ended := make(chan error, 1)
	go func() { ended <- changes.Commit(ctx) }()
	become(t, working, true)
	must(t, changes.Close())
	cancel()
	if err := answer(t, ended); !errors.Is(err, context.Canceled) {
		t.Fatalf("told: %v", err)
	}
}

func TestChangesAreAStep(t *testing.T) {
	server := sqlite(t, "server")
	customers(t, server, "people")
	changes := made[*Changes](t)(server.Changes("people", Options{"key": "id"}))
	next := 0
	step := made[*Step](t)(NewChangesStep(changes, func(_ context.Context, _ *Unit, changes *Changes) error {
		if next++; next > 3 {
			return nil
		}
		if err := changes.Push(Insert, Row{"id": next}, Position{uint64(next), 0}); err != nil {
			return err
		}
		return Yield(0)
	}))
	run := made[*Run](t)(step.Run(bg))
	defer run.Close()
	equal(t, "rows", cell(t, server, "SELECT count(*) FROM people"), "3")
}

func TestAStreamFollowsTheLog(t *testing.T) {
	url := os.Getenv("INCLOAD_TEST_POSTGRES")
	if url == "" {
		t.Skip("no PostgreSQL server")
	}
	source := made[*Database](t)(NewDatabase(url))
	lake := sqlite(t, "lake")
	drop := func() {
		made[int64](t)(source.Execute(bg, "DROP PUBLICATION IF EXISTS go_stream"))
		made[int64](t)(source.Execute(bg, "DROP TABLE IF EXISTS go_stream"))
	}
	drop()
	made[int64](t)(source.Execute(bg, "CREATE TABLE go_stream (id integer PRIMARY KEY, name text)"))
	made[int64](t)(source.Execute(bg, "INSERT INTO go_stream VALUES (1, 'one'), (2, 'two')"))
	made[int64](t)(source.Execute(bg, "CREATE PUBLICATION go_stream FOR TABLE go_stream"))
	options := Options{"publication": "go_stream", "slot": "go_stream", "until": "caught_up"}
	stream := made[*Stream](t)(NewStream(source, lake, options))
	defer drop()
	defer func() { must(t, stream.Remove()) }()
	odd := errors.New("odd")
	must(t, stream.SetFunction(func(change *Change) error {
		switch row := change.Row(); {
		case change.Operation() == Delete:
			return Skip
		case row["name"] == nil:
			return odd
		default:
			return change.Set("name", *row["name"]+"!")
		}
	}))
	must(t, stream.Run(bg))
	equal(t, "rows of the copy", stream.Changes(Read), 2)
	made[int64](t)(source.Execute(bg, "INSERT INTO go_stream VALUES (3, 'three')"))
	made[int64](t)(source.Execute(bg, "DELETE FROM go_stream WHERE id = 1"))
	must(t, stream.Run(bg))
	equal(t, "names", cell(t, lake, "SELECT group_concat(name) FROM (SELECT name FROM go_stream ORDER BY id)"),
		"one,two,three!")
	made[int64](t)(source.Execute(bg, "INSERT INTO go_stream VALUES (4, NULL)"))
	if err := stream.Run(bg); !errors.Is(err, odd) || !errors.Is(err, ErrCallback) {
		t.Fatalf("told: %v", err)
	}
	must(t, stream.SetFunction(func(*Change) error { return nil }))
	must(t, stream.Close())
	stream = made[*Stream](t)(NewStream(source, lake, Options{"publication": "go_stream", "slot": "go_stream",
		"until": "stopped"}))
	following, cancel := context.WithCancel(bg)
	defer cancel()
	working := workOf(t, source, "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'go_stream' AND active")
	ended := make(chan error, 1)
	go func() { ended <- stream.Run(following) }()
	become(t, working, true)
	must(t, stream.Close()) // what is under way goes on, and its context ends it still
	cancel()
	if err := answer(t, ended); !errors.Is(err, context.Canceled) {
		t.Fatalf("told: %v", err)
	}
	stream = made[*Stream](t)(NewStream(source, lake, options))
}
