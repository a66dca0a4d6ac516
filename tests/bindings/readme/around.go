// SPDX-License-Identifier: Apache-2.0

// What the programs of the README take from elsewhere, and what they have done: around KIND [postgresql://...]
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"libincload.dev/go/incload"
)

type event struct {
	ID     int
	Name   string
	Offset uint64
}

var (
	programs = map[string]func(){}
	ready    = map[string]func(){"rest": func() {}, "follow": follow}
	told     = map[string]func(){"rest": toldRest, "follow": toldFollow}

	ctx    = context.Background()
	shop   *incload.Database
	lake   *incload.Database
	events = []event{{1, "Ada", 1}, {2, "Blaise", 2}, {1, "Ada Lovelace", 3}}

	failed    = map[string]bool{}
	errNotYet = errors.New("not yet")
)

func check(err error) {
	if err != nil && !errors.Is(err, errNotYet) {
		panic(err)
	}
}

func made[T any](value T, err error) T {
	check(err)
	return value
}

// notYet fails what is asked for the first time.
func notYet(what string) error {
	if failed[what] {
		return nil
	}
	failed[what] = true
	return errNotYet
}

func fetch(_ context.Context, day string) error {
	if day == "2024-02-03" {
		return notYet(day)
	}
	return nil
}

func cell(database *incload.Database, sql string) any {
	rows := made(database.Query(ctx, sql))
	defer rows.Close()
	if !rows.Next() {
		panic(fmt.Sprint(sql, ": no row, ", rows.Err()))
	}
	return rows.Values()[0]
}

func count(_ context.Context, database *incload.Database) int {
	if err := notYet("count"); err != nil {
		panic(err)
	}
	return made(strconv.Atoi(fmt.Sprint(cell(database, "SELECT count(*) FROM orders"))))
}

func execute(database *incload.Database, statements ...string) {
	for _, statement := range statements {
		made(database.Execute(ctx, statement))
	}
}

func fill() {
	shop = made(incload.NewDatabase("odbc:Driver=SQLite3;Database=shop.db"))
	lake = made(incload.NewDatabase("odbc:Driver=SQLite3;Database=lake.db"))
	orders := make([]string, 100)
	for id := range orders {
		state := []string{"open", "paid"}[id%2]
		orders[id] = fmt.Sprintf("(%d, '%s', '2024-01-%02d 10:00:00')", id, state, 1+id%28)
	}
	execute(shop,
		"CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, state VARCHAR(20), updated_at TIMESTAMP NOT NULL)",
		"INSERT INTO orders VALUES "+strings.Join(orders, ", "),
		"CREATE TABLE customers (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20))",
		"INSERT INTO customers VALUES (3, 'Carl')",
		"CREATE TABLE prices (id INTEGER NOT NULL PRIMARY KEY, cents INTEGER)",
		"INSERT INTO prices WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "+
			"SELECT i, 100 * i FROM n")
	execute(lake,
		"CREATE TABLE customers (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20), "+
			"_deleted BOOLEAN NOT NULL DEFAULT FALSE, deleted_at TIMESTAMP)")
}

func toldRest() {
	for _, name := range []string{"days", "nightly"} {
		run := made(lake.Runs(name, 1))[0]
		fmt.Println(run.Name, run.Status, run.Units, run.Attempt)
	}
	fmt.Println(cell(lake, "SELECT count(*) FROM orders"), "orders,", cell(lake, "SELECT count(*) FROM prices"),
		"prices, customers", cell(lake, "SELECT group_concat(name, ', ') FROM (SELECT name FROM customers ORDER BY id)"))
}

const followed = "go_readme"

func follow() {
	shop = made(incload.NewDatabase(os.Args[2]))
	execute(shop, "CREATE TABLE "+followed+" (id INTEGER PRIMARY KEY)", "INSERT INTO "+followed+" VALUES (1), (2)",
		"CREATE PUBLICATION all_tables FOR TABLE "+followed)
}

func toldFollow() {
	fmt.Println(cell(lake, "SELECT count(*) FROM "+followed), "rows followed")
	stream := made(incload.NewStream(shop, lake, incload.Options{"publication": "all_tables"}))
	check(stream.Remove())
	execute(shop, "DROP PUBLICATION IF EXISTS all_tables", "DROP TABLE "+followed)
}

func main() {
	kind := os.Args[1]
	fill()
	ready[kind]()
	programs[kind]()
	told[kind]()
}
