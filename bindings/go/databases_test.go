// SPDX-License-Identifier: Apache-2.0

package incload

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience bounds what a test waits for; nothing that is right takes as long.
const patience = 60 * time.Second

var bg = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func made[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		must(t, err)
		return value
	}
}

// sqlite is a database in a file of the test's own.
func sqlite(t *testing.T, name string) *Database {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".db")
	database, err := NewDatabase("odbc:Driver=SQLite3;Database=" + path)
	must(t, err)
	t.Cleanup(func() { database.Close() })
	return database
}

// onEach runs a test on every kind of database that there is: SQLite always, the private servers where the
// environment tells them. The tables go_orders and go_copy are the test's.
func onEach(t *testing.T, test func(t *testing.T, server *Database)) {
	for kind, variable := range map[string]string{
		"sqlite":        "",
		"postgres":      "INCLOAD_TEST_POSTGRES",
		"postgres-odbc": "INCLOAD_TEST_PG_ODBC",
		"mariadb":       "INCLOAD_TEST_MARIADB",
	} {
		url := os.Getenv(variable)
		if variable != "" && url == "" {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			if variable == "" {
				test(t, sqlite(t, "server"))
				return
			}
			id := make([]byte, 6)
			made[int](t)(rand.Read(id))
			server, err := NewDatabase(url, Options{"ledger": "go_" + hex.EncodeToString(id)})
			must(t, err)
			defer server.Close()
			drop := func() {
				made[int64](t)(server.Execute(bg, "DROP TABLE IF EXISTS go_orders"))
				made[int64](t)(server.Execute(bg, "DROP TABLE IF EXISTS go_copy"))
			}
			drop()
			defer drop()
			test(t, server)
		})
	}
}

// fill makes a table of orders: every other one is paid.
func fill(t *testing.T, database *Database, table string, rows int) {
	t.Helper()
	made[int64](t)(database.Execute(bg, "CREATE TABLE "+table+" (id INTEGER NOT NULL PRIMARY KEY, "+
		"state VARCHAR(20), updated_at TIMESTAMP NOT NULL)"))
	values := make([]string, rows)
	for id := range values {
		values[id] = fmt.Sprintf("(%d, '%s', '2024-01-%02d 10:00:00')", id, []string{"open", "paid"}[id%2], 1+id%28)
	}
	made[int64](t)(database.Execute(bg, "INSERT INTO "+table+" VALUES "+strings.Join(values, ", ")))
}

// shop is a source with 100 orders.
func shop(t *testing.T) *Database {
	t.Helper()
	database := sqlite(t, "shop")
	fill(t, database, "orders", 100)
	return database
}

// cell is the one value of a query, as text.
func cell(t *testing.T, database *Database, sql string) string {
	t.Helper()
	rows, err := database.Query(bg, sql)
	must(t, err)
	defer rows.Close()
	if !rows.Next() {
		t.Fatalf("%s: no row, %v", sql, rows.Err())
	}
	return fmt.Sprint(rows.Values()[0])
}

func equal[T comparable](t *testing.T, what string, found, wanted T) {
	t.Helper()
	if found != wanted {
		t.Fatalf("%s is %v, not %v", what, found, wanted)
	}
}

// answer is what a call returns, which must end.
func answer(t *testing.T, ended <-chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(patience):
		t.Fatal("the call does not return")
		return nil
	}
}

// within fails the test when something does not happen.
func within(t *testing.T, what string, happened <-chan struct{}) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(patience):
		t.Fatalf("%s did not happen", what)
	}
}
