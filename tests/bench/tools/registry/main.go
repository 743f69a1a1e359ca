// A registry for measurements: whatever repository is asked for is there, made on the spot, every request is counted
// by what it is for, and each takes as long as it is told to.
//
//	registry -listen 127.0.0.1:0 -key public.pem [-tls FOLDER [-http2]]
//
// The first line of its output is its address. With -tls it speaks TLS by tls.crt and tls.key of a folder, HTTP/1.1 and,
// if it is told to, HTTP/2. The first part of a repository's name says what kind of image it holds:
//
//	index     an index of two platforms
//	attested  the same and an attestation manifest
//	crowd     an index of 99 platforms
//
// and any other one a single image. While it runs,
//
//	POST /bench/settings?delay=20ms&signatures=1&usual=true&token=true
//	POST /bench/settings?kind=crowd&hang=true
//
// changes how all kinds behave, or how one of them does, and
//
//	POST /bench/images
//
// makes the images of the repositories that its body names, one a line, so that nobody waits for that later, and tells
// their digests. Then
//
//	GET /bench/counts
//
// tells what was asked for since the last time, and how much at the same time at most.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
)

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
	scheme, address string
	signer          *Signer
	counter         Counter
	behaviour       *Behaviour
	images          sync.Map // repository → *Image
}

func (r *Registry) counts(w http.ResponseWriter, _ *http.Request) {
	_ = json.NewEncoder(w).Encode(r.counter.take())
}

// Prepare makes images, and their signatures, before somebody asks for them.
func (r *Registry) prepare(w http.ResponseWriter, request *http.Request) {
	digests := []string{}
	lines := bufio.NewScanner(request.Body)
	for lines.Scan() {
		repository := lines.Text()
		image := r.image(repository)
		if settings := r.behaviour.of(repository); settings.signatures > 0 {
			image.signed(r.signer, r.address+"/"+repository, settings)
		}
		digests = append(digests, image.top.digest)
	}
	if err := lines.Err(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(digests)
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address")
	key := flag.String("key", "", "file that the public key of all signatures is written to")
	certified := flag.String("tls", "", "folder with tls.crt and tls.key; plain HTTP without")
	http2 := flag.Bool("http2", false, "with TLS, speak HTTP/2 with those who can")
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
	registry := &Registry{
		scheme: "http", address: listener.Addr().String(), signer: signer, behaviour: newBehaviour(),
		counter: Counter{kinds: map[string]int{}}}
	routes := http.NewServeMux()
	routes.HandleFunc("POST /bench/settings", registry.behaviour.change)
	routes.HandleFunc("POST /bench/images", registry.prepare)
	routes.HandleFunc("GET /bench/counts", registry.counts)
	routes.HandleFunc("/", registry.serve)
	server := &http.Server{Handler: routes, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(*http2)
	fmt.Println(registry.address)
	if *certified == "" {
		log.Fatal(server.Serve(listener))
	}
	registry.scheme = "https"
	log.Fatal(server.ServeTLS(listener, filepath.Join(*certified, "tls.crt"), filepath.Join(*certified, "tls.key")))
}
