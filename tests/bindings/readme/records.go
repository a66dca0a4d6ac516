// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"libincload.dev/go/incload/arrowbatch"
)

var reader array.RecordReader

// transform leaves a record as it is.
func transform(context.Context, arrow.RecordBatch) (arrow.RecordBatch, error) {
	return nil, nil
}

func init() {
	told["arrow"] = func() {
		fmt.Println(cell(lake, "SELECT count(*) FROM orders"), "orders, with the one of the reader")
	}
	ready["arrow"] = func() {
		execute(lake, "CREATE TABLE late (id INTEGER NOT NULL PRIMARY KEY, state VARCHAR(20), updated_at TIMESTAMP)",
			"INSERT INTO late VALUES (1000, 'open', '2024-02-01 10:00:00')")
		reader = made(arrowbatch.Query(ctx, lake, "SELECT * FROM late"))
	}
}
