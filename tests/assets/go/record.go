// Asks Go itself: answers the texts of regexp.json, url.json, yaml.json and json.json anew, in place.
//
//	cd tests/assets/go && go run .
//
// The first member of each row is the text; the others are what Go says of it. A text of json.json is bytes, each
// of them the character of its number.
package main

import (
	"bytes"
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
	rewrite("json.json", func(text string) []any {
		body := bytesOf(text)
		var first json.RawMessage
		decoded := json.NewDecoder(bytes.NewReader(body)).Decode(&first)
		var all json.RawMessage
		unmarshaled := json.Unmarshal(body, &all)
		var made shape
		shaped := json.Unmarshal(body, &made)
		var value any
		if decoded == nil {
			value = tree(first)
		}
		if shaped != nil {
			return []any{value, said(decoded), said(unmarshaled), nil, said(shaped)}
		}
		return []any{value, said(decoded), said(unmarshaled), made, ""}
	})
}

// shape has a field of every type that provider.golang.structs knows.
type shape struct {
	Text     string            `json:"text"`
	Flag     bool              `json:"flag"`
	Count    int               `json:"count"`
	Kelvins  string            `json:"kelvins"`
	List     []string          `json:"list"`
	Labels   map[string]string `json:"labels"`
	Inner    inner             `json:"inner"`
	Pointer  *inner            `json:"pointer"`
	Inners   []inner           `json:"inners"`
	Groups   map[string]inner  `json:"groups"`
	Optional *inner            `json:"optional,omitempty"`
}

type inner struct {
	Name  string   `json:"name,omitempty"`
	Count int      `json:"count,omitempty"`
	List  []string `json:"list,omitempty"`
}

func bytesOf(text string) []byte {
	body := make([]byte, 0, len(text))
	for _, character := range text {
		body = append(body, byte(character))
	}
	return body
}

// tree is a JSON value in which nothing is lost: objects are {"object": pairs}, numbers {"number": as written}.
func tree(value json.RawMessage) any {
	decoder := json.NewDecoder(bytes.NewReader(value))
	decoder.UseNumber()
	return next(decoder)
}

func next(decoder *json.Decoder) any {
	token, err := decoder.Token()
	if err != nil {
		log.Fatal(err)
	}
	switch token := token.(type) {
	case json.Number:
		return map[string]any{"number": token.String()}
	case json.Delim:
		items := []any{}
		for decoder.More() {
			if token == '[' {
				items = append(items, next(decoder))
			} else {
				key := next(decoder)
				items = append(items, []any{key, next(decoder)})
			}
		}
		if _, err := decoder.Token(); err != nil {
			log.Fatal(err)
		}
		if token == '{' {
			return map[string]any{"object": items}
		}
		return items
	}
	return token
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
