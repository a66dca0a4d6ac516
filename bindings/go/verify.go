// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"context"
	"time"
)

// DifferenceKind is what is wrong with a key.
type DifferenceKind int

// The kinds of differences.
const (
	Missing    DifferenceKind = C.INCLOAD_DIFFERENCE_MISSING // the target lacks it
	Extra      DifferenceKind = C.INCLOAD_DIFFERENCE_EXTRA   // the source lacks it
	Changed    DifferenceKind = C.INCLOAD_DIFFERENCE_CHANGED
	Duplicated DifferenceKind = C.INCLOAD_DIFFERENCE_DUPLICATED
)

// Difference is one key by which source and target differ. Key holds row data.
type Difference struct {
	Kind       DifferenceKind
	Key        string // such as "id = 7"
	Columns    string // those that differ, of a changed row
	SourceRows int64
	TargetRows int64
}

// Verification is what a comparison of a load's source and target found.
type Verification struct {
	Equal        bool
	Exact        bool // nothing was written meanwhile that it could not see
	SourceRows   int64
	TargetRows   int64
	Missing      int64
	Extra        int64
	Changed      int64
	Duplicated   int64
	Pending      int64 // rows past the watermark, which the next load brings
	SourceDigest string
	TargetDigest string
	Digest       string // where the digests were computed
	DigestReason string // why there
	RowsRead     int64
	Bytes        int64
	Duration     time.Duration
	Differences  []Difference
}

// Verify compares the target of a load with its source: counts, digests, and the keys that differ. It is interrupted
// when ctx ends. The options are those of the object "verify". Rows that differ are no error.
func (step *Step) Verify(ctx context.Context, options ...Options) (Verification, error) {
	if err := ctx.Err(); err != nil {
		return Verification{}, err
	}
	text, err := Options{}.with(options...).pointer()
	if err != nil {
		return Verification{}, err
	}
	defer freeText(text)
	var made *C.incload_verification
	err = step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
		made = C.incload_verification_new(pointer, text, failure)
	})
	if err != nil {
		return Verification{}, err
	}
	defer C.incload_verification_unref(made)
	defer during(ctx, func() { C.incload_verification_cancel(made) })()
	var failure *C.incload_error
	C.incload_verification_run(made, &failure)
	if err := checked(failure); err != nil {
		return Verification{}, cancelledBy(ctx, err)
	}
	return verificationOf(made), nil
}

func verificationOf(made *C.incload_verification) Verification {
	told := Verification{
		Equal:        C.incload_verification_is_equal(made) != 0,
		Exact:        C.incload_verification_is_exact(made) != 0,
		SourceRows:   int64(C.incload_verification_source_rows(made)),
		TargetRows:   int64(C.incload_verification_target_rows(made)),
		Missing:      int64(C.incload_verification_missing(made)),
		Extra:        int64(C.incload_verification_extra(made)),
		Changed:      int64(C.incload_verification_changed(made)),
		Duplicated:   int64(C.incload_verification_duplicated(made)),
		Pending:      int64(C.incload_verification_pending(made)),
		SourceDigest: C.GoString(C.incload_verification_source_digest(made)),
		TargetDigest: C.GoString(C.incload_verification_target_digest(made)),
		Digest:       C.GoString(C.incload_verification_digest(made)),
		DigestReason: C.GoString(C.incload_verification_digest_reason(made)),
		RowsRead:     int64(C.incload_verification_rows_read(made)),
		Bytes:        int64(C.incload_verification_bytes(made)),
		Duration:     microseconds(C.incload_verification_duration_us(made)),
	}
	for index := C.int32_t(0); index < C.incload_verification_difference_count(made); index++ {
		told.Differences = append(told.Differences, Difference{
			Kind:       DifferenceKind(C.incload_verification_difference_kind(made, index)),
			Key:        C.GoString(C.incload_verification_difference_key(made, index)),
			Columns:    C.GoString(C.incload_verification_difference_columns(made, index)),
			SourceRows: int64(C.incload_verification_difference_source_rows(made, index)),
			TargetRows: int64(C.incload_verification_difference_target_rows(made, index)),
		})
	}
	return told
}
