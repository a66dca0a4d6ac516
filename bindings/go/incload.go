// SPDX-License-Identifier: Apache-2.0

// Package incload loads data incrementally between PostgreSQL and every ODBC database, by the shared library
// libincload: rows since a durable watermark, upserts, full refresh by swap, backfills in parallel, change events,
// and pipelines of all of these. The watermark is kept in the target, in the transaction of the rows: nothing is
// lost, nothing lands twice.
//
// The library must be installed, so that pkg-config finds "incload". Units of pipelines and backfills run on
// goroutines; a run is cancelled, running SQL included, when the context ends that it was started with. An error
// that a function returns, or panics with, fails its unit alone and is wrapped in what the run returns.
package incload

// #cgo pkg-config: incload
import "C"
