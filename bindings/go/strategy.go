// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

// Strategy says which rows a load reads, how they land, and by which columns: a preset and options. It is a plain
// value; what is wrong with it is told where a load is made of it.
type Strategy struct {
	Preset  string
	Options Options
}

// Preset is a strategy by the name of its preset.
func Preset(name string, options ...Options) Strategy {
	return Strategy{name, Options{}.with(options...)}
}

// Timestamp loads rows past the watermark, merged by key.
func Timestamp(cursor, key string, options ...Options) Strategy {
	return Preset("timestamp", append([]Options{{"cursor": cursor, "key": key}}, options...)...)
}

// Upsert loads all rows, merged by key.
func Upsert(key string, options ...Options) Strategy {
	return Preset("upsert", append([]Options{{"key": key}}, options...)...)
}

// Append loads all rows and inserts them.
func Append(options ...Options) Strategy { return Preset("append", options...) }

// FullRefresh loads all rows in the place of all that were there.
func FullRefresh(options ...Options) Strategy { return Preset("full_refresh", options...) }

// Swap loads all rows into a new table, which takes the target's place.
func Swap(options ...Options) Strategy { return Preset("swap", options...) }

// Interval loads the rows of one interval of the cursor in the place of those that were there.
func Interval(options ...Options) Strategy { return Preset("interval", options...) }

// History loads all rows and keeps each change as a version of its own.
func History(options ...Options) Strategy { return Preset("history", options...) }

// pointer makes the library's object, which the caller gives back.
func (strategy Strategy) pointer() (*C.incload_strategy, error) {
	options, err := strategy.Options.text()
	if err != nil {
		return nil, err
	}
	texts, err := newTexts(strategy.Preset, options)
	if err != nil {
		return nil, err
	}
	defer texts.free()
	var failure *C.incload_error
	pointer := C.incload_strategy_new(texts[0], texts[1], &failure)
	return pointer, checked(failure)
}
