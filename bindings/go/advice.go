// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

// Recommendation is which strategy fits a table, and why.
type Recommendation struct {
	Preset  string
	Options string // in the form name=value, for Strategy
	Rule    string // the rule that decided
	Reason  string
	Ideal   string // the preset that would be best, if its needs were met
	Better  string // what would be better still, and what that needs
	JSON    string // all of it, with the rules that were considered
	text    string
}

// String is all of it for people.
func (advice Recommendation) String() string { return advice.text }

// Recommend says which strategy fits, by looking at a live source and target for what the facts do not tell. Where both
// are nil the facts alone decide. The facts are the options of the object "facts".
func Recommend(source *Database, sourceTable string, target *Database, targetTable string, facts ...Options) (
	Recommendation, error) {
	told, err := Options{}.with(facts...).text()
	if err != nil {
		return Recommendation{}, err
	}
	texts, err := newTexts(sourceTable, targetTable, told)
	if err != nil {
		return Recommendation{}, err
	}
	defer texts.free()
	var from, to *C.incload_database
	for _, side := range []struct {
		database *Database
		pointer  **C.incload_database
	}{{source, &from}, {target, &to}} {
		if side.database != nil {
			pointer, leave, err := side.database.take()
			if err != nil {
				return Recommendation{}, err
			}
			defer leave()
			*side.pointer = pointer
		}
	}
	var failure *C.incload_error
	var found *C.incload_recommendation
	switch {
	case from == nil:
		found = C.incload_strategy_recommend(texts[2], &failure)
	default:
		found = C.incload_strategy_recommend_for(from, texts[0], to, texts[1], texts[2], &failure)
	}
	defer C.incload_recommendation_unref(found)
	return Recommendation{
		Preset:  C.GoString(C.incload_recommendation_strategy(found)),
		Options: C.GoString(C.incload_recommendation_options(found)),
		Rule:    C.GoString(C.incload_recommendation_rule(found)),
		Reason:  C.GoString(C.incload_recommendation_reason(found)),
		Ideal:   C.GoString(C.incload_recommendation_ideal(found)),
		Better:  C.GoString(C.incload_recommendation_better(found)),
		JSON:    C.GoString(C.incload_recommendation_json(found)),
		text:    C.GoString(C.incload_recommendation_text(found)),
	}, checked(failure)
}
