// SPDX-License-Identifier: Apache-2.0

package incload

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// reasons are why functions of the library are not called by this package.
var reasons = map[string]string{
	`\w+_ref`:                        "an object of Go holds one reference",
	`mock_\w+`:                       "databases that fail on demand serve the tests of programs in C",
	`context_set_\w+`:                "functions of C",
	`context_event_fd`:               "goroutines wait by Context.NextEvent",
	`database_(check|execute|query)`: "they cannot be interrupted: a call can",
	`(strategy_new|strategy_recommend)_in|step_set_context`: "they bring memory and a clock; events come by databases",
	`strategy_[gs]et|database_set`:                          "options are given when the object is made",
	`option_\w+`:                                            "options are passed through by name",
	`recommendation_(fact|rule_)\w*`:                        "Recommendation.JSON has all of it",
	`lint_(text|json)`:                                      "Step.Lint gives values",
	`(pipeline|step)_run|verify`:                            "what is started can be cancelled",
	`pipeline_resume|step_replay_rejects`:                   "as well",
	`run_next_unit|unit_complete`:                           "goroutines take part in runs",
	`run_unit(_count)?`:                                     "Run.Failed and Database.Units tell of units",
	`run_report_file`:                                       "Run.WriteReport writes into any file",
	`status_(code|count)|error_name`:                        "Code.Error tells the name, and errors.Is asks",
	`(run|run_step|history|unit_history)_status_name`:       "Status.String tells it",
	`version_number`:                                        "Version is text",
}

// matching finds all that a pattern's first group is.
func matching(t *testing.T, pattern string, paths ...string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(t, err)
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			found[match[1]] = true
		}
	}
	return found
}

// publicFunctions are those of the library's headers, without the prefix of their names.
func publicFunctions(t *testing.T) map[string]bool {
	t.Helper()
	flags, err := exec.Command("pkg-config", "--cflags-only-I", "incload").Output()
	must(t, err)
	for _, flag := range strings.Fields(string(flags)) {
		headers, err := filepath.Glob(filepath.Join(strings.TrimPrefix(flag, "-I"), "incload", "*.h"))
		must(t, err)
		if len(headers) > 0 {
			return matching(t, `INCLOAD_API[^;(]*\bincload_(\w+)\(`, headers...)
		}
	}
	t.Fatalf("no headers by %s", flags)
	return nil
}

func TestEveryFunctionIsCalledOrHasAReason(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	must(t, err)
	called := matching(t, `C\.incload_(\w+)\(`, sources...)
	for name := range matching(t, `\bincload_(\w+)\(`, "glue.c") {
		called[name] = true
	}
	public := publicFunctions(t)
	if len(public) < 400 {
		t.Fatalf("only %d functions are found", len(public))
	}
	used := map[string]bool{}
	for name := range public {
		told := called[name]
		for reason := range reasons {
			if regexp.MustCompile(`^(` + reason + `)$`).MatchString(name) {
				used[reason] = true
				told = true
			}
		}
		if !told {
			t.Errorf("incload_%s is neither called nor has a reason", name)
		}
	}
	for reason := range reasons {
		if !used[reason] {
			t.Errorf("the reason for %s is idle", reason)
		}
	}
}
