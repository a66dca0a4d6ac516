// SPDX-License-Identifier: Apache-2.0

package incload

// #include "glue.h"
import "C"

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Options are the options of an object by name, as doc/options.md lists them. A value is a text, bool, number,
// time.Duration, time.Time or list of names; nil leaves an option out.
type Options map[string]any

// text gives them in the form name='value' that every constructor of the library takes.
func (options Options) text() (string, error) {
	names := make([]string, 0, len(options))
	for name, value := range options {
		if value != nil {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	quoting := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	words := make([]string, 0, len(names))
	for _, name := range names {
		value, err := optionText(options[name])
		if err != nil {
			return "", &Error{Code: ErrInvalid, Message: fmt.Sprintf("option '%s': %v", name, err)}
		}
		words = append(words, name+"='"+quoting.Replace(value)+"'")
	}
	return strings.Join(words, " "), nil
}

// pointer is text for C; the caller frees it.
func (options Options) pointer() (*C.char, error) {
	text, err := options.text()
	if err != nil {
		return nil, err
	}
	return cText(text)
}

// with gives these and further ones, which win.
func (options Options) with(further ...Options) Options {
	all := Options{}
	for _, each := range append([]Options{options}, further...) {
		for name, value := range each {
			all[name] = value
		}
	}
	return all
}

// parallel is the option of that name; false where it is not given, or is no number, which the library refuses.
func (options Options) parallel() (int, bool) {
	if options["parallel"] == nil {
		return 0, false
	}
	text, err := optionText(options["parallel"])
	if err != nil {
		return 0, false
	}
	number, err := strconv.Atoi(text)
	return number, err == nil
}

func optionText(value any) (string, error) {
	switch value := value.(type) {
	case []string:
		return names(value, ","), nil
	case time.Duration:
		return strconv.FormatInt(int64((value+time.Millisecond-1)/time.Millisecond), 10) + "ms", nil
	case time.Time:
		return value.Format("2006-01-02T15:04:05.999999Z07:00"), nil
	}
	text, _, err := valueText(value)
	return text, err
}

// valueText is a value as databases read it; false for NULL.
func valueText(value any) (string, bool, error) {
	switch value := value.(type) {
	case nil:
		return "", false, nil
	case string:
		return value, true, nil
	case []byte:
		return hex.EncodeToString(value), true, nil
	case bool:
		return strconv.FormatBool(value), true, nil
	case float32:
		return strconv.FormatFloat(float64(value), 'g', -1, 32), true, nil
	case float64:
		return strconv.FormatFloat(value, 'g', -1, 64), true, nil
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return fmt.Sprintf("%d", value), true, nil
	case time.Time:
		return value.Format("2006-01-02 15:04:05.999999Z07:00"), true, nil
	case json.RawMessage:
		return string(value), true, nil
	case fmt.Stringer:
		return value.String(), true, nil
	case map[string]any, []any:
		text, err := json.Marshal(value)
		return string(text), true, err
	}
	return "", false, fmt.Errorf("a %T has no form as text here: format it yourself", value)
}

// names is a list of names, each in double quotes where it needs them.
func names(items []string, between string) string {
	quoted := make([]string, len(items))
	for index, item := range items {
		quoted[index] = item
		if item == "" || strings.IndexFunc(item, odd) >= 0 {
			quoted[index] = `"` + strings.ReplaceAll(item, `"`, `""`) + `"`
		}
	}
	return strings.Join(quoted, between)
}

func odd(letter rune) bool {
	return !unicode.IsLetter(letter) && !unicode.IsDigit(letter) && !strings.ContainsRune("_$.", letter)
}

// cText is a text for C, which the caller frees.
func cText(text string) (*C.char, error) {
	if err := refuseNUL(text); err != nil {
		return nil, err
	}
	return C.CString(text), nil
}

func refuseNUL(text string) error {
	if strings.IndexByte(text, 0) >= 0 {
		return &Error{Code: ErrInvalid, Message: "a text for a database cannot hold a NUL character"}
	}
	return nil
}

// cTexts are several texts for C, freed together.
type cTexts []*C.char

func (texts cTexts) free() {
	for _, text := range texts {
		freeText(text)
	}
}

// newTextsWith gives a text, and behind it the options as one.
func newTextsWith(item string, options []Options) (cTexts, error) {
	given, err := Options{}.with(options...).text()
	if err != nil {
		return nil, err
	}
	return newTexts(item, given)
}

func newTexts(items ...string) (cTexts, error) {
	texts := make(cTexts, 0, len(items))
	for _, item := range items {
		text, err := cText(item)
		if err != nil {
			texts.free()
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}
