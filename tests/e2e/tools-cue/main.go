// Judges pairs of a CUE policy and a JSON document as policy-controller does, for the tests of gatekeeper/cue.
//
// It reads a JSON object a line, {"policy": TEXT, "document": TEXT}, and writes one a line: {"stage": S, "error": TEXT},
// S being "" where the document complies, or "policy", "document" or "verdict", where it failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"cuelang.org/go/cue/cuecontext"
)

type question struct {
	Policy   string `json:"policy"`
	Document string `json:"document"`
}

type answer struct {
	Stage string `json:"stage"`
	Error string `json:"error"`
}

func judged(asked question) (said answer) {
	defer func() {
		if raised := recover(); raised != nil {
			said = answer{"panic", fmt.Sprint(raised)}
		}
	}()
	// A context keeps what it compiled.
	context := cuecontext.New()
	policy := context.CompileString(asked.Policy)
	if err := policy.Err(); err != nil {
		return answer{"policy", err.Error()}
	}
	document := context.CompileBytes([]byte(asked.Document))
	if err := document.Err(); err != nil {
		return answer{"document", err.Error()}
	}
	if err := policy.Unify(document).Validate(); err != nil {
		return answer{"verdict", err.Error()}
	}
	return answer{}
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := answers.Encode(judged(asked)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
