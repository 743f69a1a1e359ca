// A registry for measurements: whatever repository is asked for is there, made on the spot, every request is counted
// by what it is for, and each takes as long as it is told to.
//
//	registry -listen 127.0.0.1:0 -key public.pem
//
// The first line of its output is its address. While it runs,
//
//	POST /bench/settings?delay=20ms&signatures=1&token=true
//
// changes what is named, and
//
//	GET /bench/counts
//
// tells what was asked for since the last time, and how much at the same time at most. A repository whose first part
// is `index` holds an index of two platforms and an attestation manifest, any other one a single image.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Settings may change between two requests.
type Settings struct {
	delay      time.Duration
	signatures int
	token      bool
}

// Counter knows what was asked for.
type Counter struct {
	mutex  sync.Mutex
	kinds  map[string]int
	flying int
	peak   int
}

func (c *Counter) begin() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.flying++
	c.peak = max(c.peak, c.flying)
}

func (c *Counter) end(kind string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.flying--
	c.kinds[kind]++
}

func (c *Counter) take() map[string]any {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	taken := map[string]any{"kinds": c.kinds, "peak": c.peak}
	c.kinds, c.peak = map[string]int{}, 0
	return taken
}

// Registry answers both people who measure and clients of registries.
type Registry struct {
	address string
	signer  *Signer
	counter Counter
	mutex   sync.Mutex
	current Settings
	images  sync.Map // repository → *Image
}

func (r *Registry) settings() Settings {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.current
}

func (r *Registry) change(w http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	r.mutex.Lock()
	defer r.mutex.Unlock()
	changed := r.current
	var err error
	if text := query.Get("delay"); text != "" {
		changed.delay, err = time.ParseDuration(text)
	}
	if text := query.Get("signatures"); text != "" && err == nil {
		_, err = fmt.Sscanf(text, "%d", &changed.signatures)
	}
	if text := query.Get("token"); text != "" {
		changed.token = text == "true"
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.current = changed
}

func (r *Registry) counts(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(r.counter.take())
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	key := flag.String("key", "", "file that the public key of all signatures is written to")
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	signer := newSigner()
	if *key != "" {
		if err := os.WriteFile(*key, signer.pem(), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	registry := &Registry{address: listener.Addr().String(), signer: signer, counter: Counter{kinds: map[string]int{}}}
	routes := http.NewServeMux()
	routes.HandleFunc("POST /bench/settings", registry.change)
	routes.HandleFunc("GET /bench/counts", registry.counts)
	routes.HandleFunc("/", registry.serve)
	fmt.Println(registry.address)
	log.Fatal(http.Serve(listener, routes))
}
