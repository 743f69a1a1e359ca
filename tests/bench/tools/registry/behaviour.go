package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Settings say how repositories behave.
type Settings struct {
	delay      time.Duration
	signatures int
	usual      bool // the first signature's payload is what tools write by default
	token      bool
	hang       bool // children of indexes are asked for in vain
}

// Behaviour is what may change between two requests: of all kinds of repositories, or of one.
type Behaviour struct {
	mutex  sync.RWMutex
	all    Settings
	ofKind map[string]Settings
}

func newBehaviour() *Behaviour { return &Behaviour{ofKind: map[string]Settings{}} }

func (b *Behaviour) of(repository string) Settings {
	kind, _, _ := strings.Cut(repository, "/")
	b.mutex.RLock()
	defer b.mutex.RUnlock()
	if settings, found := b.ofKind[kind]; found {
		return settings
	}
	return b.all
}

// Change reads settings; what is not named is as it was. Settings of all kinds end those of single ones.
func (b *Behaviour) change(w http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	kind := query.Get("kind")
	changed, err := b.of(kind).changed(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if kind == "" {
		b.all = changed
		clear(b.ofKind)
	} else {
		b.ofKind[kind] = changed
	}
}

func (s Settings) changed(query url.Values) (Settings, error) {
	for name, values := range query {
		var err error
		switch value := values[0]; name {
		case "delay":
			s.delay, err = time.ParseDuration(value)
		case "signatures":
			s.signatures, err = strconv.Atoi(value)
		case "usual":
			s.usual, err = strconv.ParseBool(value)
		case "token":
			s.token, err = strconv.ParseBool(value)
		case "hang":
			s.hang, err = strconv.ParseBool(value)
		case "kind":
		default:
			err = fmt.Errorf("no setting is called %q", name)
		}
		if err != nil {
			return s, err
		}
	}
	return s, nil
}
