// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

// Plan is what a run of a load would do now.
type Plan struct {
	Road, RoadReason   string
	Watermark          string // the position before the run
	Low, High          string // the window's bounds, in the source's own text
	Level, LevelReason string
	EstimatedRows      int64 // -1 when nothing tells
	EstimateOrigin     string
	CreatesTarget      bool
	CreatesLedger      bool
	Idle               bool   // nothing would be read
	Busy               string // who holds the load now
	Statements         []PlannedStatement
	JSON               string // all of it
	text               string
}

// PlannedStatement is one statement of a run.
type PlannedStatement struct {
	SQL        string
	Side       string // "source" or "target"
	Purpose    string // "look", "begin", "create", "read", "write", "commit" or "rollback"
	Lock       string // what it locks, in the database's own words
	Parameters int
}

// String is the plan for people.
func (plan Plan) String() string { return plan.text }

// Plan tells what a run of a load would do; nothing is changed or locked.
func (step *Step) Plan() (told Plan, err error) {
	err = step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
		plan := C.incload_step_plan(pointer, failure)
		defer C.incload_plan_unref(plan)
		told = Plan{
			Road:           C.GoString(C.incload_plan_road(plan)),
			RoadReason:     C.GoString(C.incload_plan_road_reason(plan)),
			Watermark:      C.GoString(C.incload_plan_watermark(plan)),
			Low:            C.GoString(C.incload_plan_low(plan)),
			High:           C.GoString(C.incload_plan_high(plan)),
			Level:          C.GoString(C.incload_plan_level(plan)),
			LevelReason:    C.GoString(C.incload_plan_level_reason(plan)),
			EstimatedRows:  int64(C.incload_plan_estimated_rows(plan)),
			EstimateOrigin: C.GoString(C.incload_plan_estimate_origin(plan)),
			CreatesTarget:  C.incload_plan_creates_target(plan) != 0,
			CreatesLedger:  C.incload_plan_creates_ledger(plan) != 0,
			Idle:           C.incload_plan_is_idle(plan) != 0,
			Busy:           C.GoString(C.incload_plan_busy(plan)),
			JSON:           C.GoString(C.incload_plan_json(plan)),
			text:           C.GoString(C.incload_plan_text(plan)),
		}
		for index := C.int32_t(0); index < C.incload_plan_statement_count(plan); index++ {
			told.Statements = append(told.Statements, PlannedStatement{
				SQL:        C.GoString(C.incload_plan_statement(plan, index)),
				Side:       C.GoString(C.incload_plan_statement_side(plan, index)),
				Purpose:    C.GoString(C.incload_plan_statement_purpose(plan, index)),
				Lock:       C.GoString(C.incload_plan_statement_lock(plan, index)),
				Parameters: int(C.incload_plan_statement_parameters(plan, index)),
			})
		}
	})
	return told, err
}

// Severity is how bad a finding is.
type Severity int

// The severities.
const (
	Info     Severity = C.INCLOAD_SEVERITY_INFO
	Warning  Severity = C.INCLOAD_SEVERITY_WARNING
	Mistaken Severity = C.INCLOAD_SEVERITY_ERROR // the load goes wrong, or will
)

// Finding is what a load should have and has not.
type Finding struct {
	Severity Severity
	ID       string // of the rule
	Object   string // the table, column or option
	What     string
	Remedy   string
}

// Lint looks at a load's databases for what makes it slow, inexact or wrong.
func (step *Step) Lint() (findings []Finding, err error) {
	err = step.hand(func(pointer *C.incload_step, failure **C.incload_error) {
		lint := C.incload_step_lint(pointer, failure)
		defer C.incload_lint_unref(lint)
		for index := C.int32_t(0); index < C.incload_lint_count(lint); index++ {
			findings = append(findings, Finding{
				Severity: Severity(C.incload_lint_severity(lint, index)),
				ID:       C.GoString(C.incload_lint_id(lint, index)),
				Object:   C.GoString(C.incload_lint_object(lint, index)),
				What:     C.GoString(C.incload_lint_what(lint, index)),
				Remedy:   C.GoString(C.incload_lint_remedy(lint, index)),
			})
		}
	})
	return findings, err
}
