// Asks Go itself: answers the texts of regexp.json, url.json and yaml.json anew, in place.
//
//	cd tests/assets/go && go run .
//
// The first member of each row is the text; the others are what Go says of it.
package main

import (
	"encoding/json"
	"log"
	"net/url"
	"os"
	"regexp"
	"strings"

	"sigs.k8s.io/yaml"
)

func main() {
	rewrite("regexp.json", func(text string) []any {
		_, err := regexp.Compile(text)
		return []any{said(err)}
	})
	rewrite("url.json", func(text string) []any {
		_, err := url.Parse(text)
		_, request := url.ParseRequestURI(text)
		return []any{said(err), request == nil}
	})
	rewrite("yaml.json", func(text string) []any { return []any{scalar(text)} })
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// scalar is the value of the text as a plain scalar: null when it is refused, {"null": true} when it is null.
func scalar(text string) any {
	document, err := yaml.YAMLToJSON([]byte("v: " + text))
	if err != nil {
		return nil
	}
	var value map[string]any
	decoder := json.NewDecoder(strings.NewReader(string(document)))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		log.Fatal(err)
	}
	if value["v"] == nil {
		return map[string]bool{"null": true}
	}
	return value["v"]
}

func rewrite(name string, answer func(string) []any) {
	content, err := os.ReadFile(name)
	if err != nil {
		log.Fatal(err)
	}
	var rows [][]any
	if err := json.Unmarshal(content, &rows); err != nil {
		log.Fatal(err)
	}
	var out strings.Builder
	for i, row := range rows {
		text := row[0].(string)
		var line strings.Builder
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(append([]any{text}, answer(text)...)); err != nil {
			log.Fatal(err)
		}
		out.WriteString(map[bool]string{true: "[\n", false: ",\n"}[i == 0] + strings.TrimSpace(line.String()))
	}
	if err := os.WriteFile(name, []byte(out.String()+"\n]\n"), 0o644); err != nil {
		log.Fatal(err)
	}
}
