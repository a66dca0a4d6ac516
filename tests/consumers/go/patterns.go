// SPDX-License-Identifier: Apache-2.0

// Patterns uses the five patterns of the package's README between two databases that SQLite keeps in files.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"libincload.dev/go/incload"
)

func main() {
	if err := patterns(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func open(path string) (*incload.Database, error) {
	return incload.NewDatabase("odbc:Driver=SQLite3;Database=" + path)
}

func patterns(ctx context.Context, shopPath, lakePath string) error {
	shop, err := open(shopPath)
	if err != nil {
		return err
	}
	defer shop.Close()
	lake, err := open(lakePath)
	if err != nil {
		return err
	}
	defer lake.Close()
	for _, sql := range []string{
		"CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, state VARCHAR(20), updated_at TIMESTAMP NOT NULL)",
		"INSERT INTO orders VALUES (1, 'open', '2024-01-01 10:00:00'), (2, 'paid', '2024-01-02 10:00:00')",
	} {
		if _, err := shop.Execute(ctx, sql); err != nil {
			return err
		}
	}
	for _, pattern := range []func(context.Context, *incload.Database, *incload.Database) error{
		since, days, events, swapped, nightly,
	} {
		if err := pattern(ctx, shop, lake); err != nil {
			return err
		}
	}
	fmt.Println(incload.Version())
	return nil
}

func wanted(what string, found, wanted int64) error {
	if found != wanted {
		return fmt.Errorf("%s: %d, not %d", what, found, wanted)
	}
	return nil
}

func since(ctx context.Context, shop, lake *incload.Database) error {
	run, err := incload.Load(ctx, shop, "orders", lake, "orders", incload.Timestamp("updated_at", "id"))
	if err != nil {
		return err
	}
	defer run.Close()
	return wanted("rows since the watermark", run.RowsWritten(), 2)
}

func days(ctx context.Context, _, _ *incload.Database) error {
	process := func(_ context.Context, unit *incload.Unit) error {
		unit.AddRows(1, 1)
		return nil
	}
	run, err := incload.Backfill(ctx, "2024-01-01", "2024-03-31", process, 4)
	if err != nil {
		return err
	}
	defer run.Close()
	return wanted("days", run.CountUnits(incload.Success), 91)
}

func events(ctx context.Context, _, lake *incload.Database) error {
	changes, err := lake.Changes("orders", incload.Options{"key": "id", "deletes": "hard"})
	if err != nil {
		return err
	}
	defer changes.Close()
	if err := changes.Push(incload.Delete, incload.Row{"id": 1}, incload.Position{Place: 7}); err != nil {
		return err
	}
	if err := changes.Commit(ctx); err != nil {
		return err
	}
	return wanted("rows deleted", changes.RowsDeleted(), 1)
}

func swapped(ctx context.Context, shop, lake *incload.Database) error {
	run, err := incload.Load(ctx, shop, "orders", lake, "prices", incload.Swap(incload.Options{"min_rows": 1}))
	if err != nil {
		return err
	}
	defer run.Close()
	return wanted("rows swapped in", run.RowsWritten(), 2)
}

func nightly(ctx context.Context, shop, lake *incload.Database) error {
	pipeline, err := incload.NewPipeline("nightly")
	if err != nil {
		return err
	}
	defer pipeline.Close()
	if err := pipeline.AddLoad("orders", shop, "orders", lake, "copies", incload.Upsert("id")); err != nil {
		return err
	}
	report := func(_ context.Context, unit *incload.Unit) error { return unit.SetResult([]byte(unit.Step())) }
	if err := pipeline.AddFunc("report", report, "orders"); err != nil {
		return err
	}
	run, err := pipeline.Run(ctx)
	if err != nil {
		return err
	}
	defer run.Close()
	return wanted("letters of the report", int64(len(run.Step("report").Result)), 6)
}
