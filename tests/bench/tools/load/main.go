// Asks a provider as Gatekeeper does, over HTTP/1.1 with TLS 1.3 and a client certificate, and tells how long it took.
//
//	load -url https://127.0.0.1:8443/validate -keys keys.txt -batch 10 -requests 100 [-fresh] [-clients 8] …
//
// The keys stand in a file, one a line. With -fresh each request takes the next ones, else all take the first ones.
// With -any whatever is answered is good: an echo is measured so. With -for no request begins after that time, and with
// -patience one that was not answered in full counts as one that took so long. Every client is connected before
// the clock starts. Times are milliseconds.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"io"
	"log"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type settings struct {
	url, keys, authority, certificate, key string
	batch, requests, clients, warmup       int
	fresh, any                             bool
	duration, patience                     time.Duration
}

type result struct {
	Requests  int     `json:"requests"`
	P50       float64 `json:"p50"`
	P99       float64 `json:"p99"`
	Longest   float64 `json:"longest"`
	PerSecond float64 `json:"per_second"`
	Late      int     `json:"late"` // answers that say of some key that there is no answer yet
	Bad       int     `json:"bad"`
	Bytes     int     `json:"bytes"` // of the longest answer
	Example   string  `json:"example"`
}

type answer struct {
	Response struct {
		Items []struct {
			Error string `json:"error"`
		} `json:"items"`
		SystemError string `json:"systemError"`
	} `json:"response"`
}

// Measured is what one request came to.
type measured struct {
	time    time.Duration
	bytes   int
	late    bool
	problem string
}

func main() {
	s := read()
	clients := make([]*http.Client, s.clients)
	for number := range clients {
		clients[number] = connect(s)
	}
	bodies := bodies(s)
	for range s.warmup {
		timed(clients[0], s, bodies[0])
	}
	begun := time.Now()
	all := measure(s, clients, bodies)
	took := time.Since(begun)
	_ = json.NewEncoder(os.Stdout).Encode(summary(all, took))
}

func measure(s settings, clients []*http.Client, bodies [][]byte) []measured {
	begun := time.Now()
	var next atomic.Int64
	var running sync.WaitGroup
	ofClient := make([][]measured, len(clients))
	for who, client := range clients {
		running.Go(func() {
			for number := next.Add(1) - 1; number < int64(s.requests); number = next.Add(1) - 1 {
				if s.duration > 0 && time.Since(begun) > s.duration {
					return
				}
				ofClient[who] = append(ofClient[who], timed(client, s, bodies[number%int64(len(bodies))]))
			}
		})
	}
	running.Wait()
	return slices.Concat(ofClient...)
}

// Timed asks once. The clock stops with the answer's last byte; what it says is read afterwards.
func timed(client *http.Client, s settings, body []byte) measured {
	begun := time.Now()
	status, content, err := ask(client, s, body)
	one := measured{time: time.Since(begun), bytes: len(content)}
	if err != nil {
		one.problem = err.Error()
	} else if status != http.StatusOK {
		one.problem = http.StatusText(status)
	} else if !s.any {
		one.late, one.problem = judge(content, s.batch)
	}
	if one.late || one.problem != "" {
		one.time = max(one.time, s.patience)
	}
	return one
}

func summary(all []measured, took time.Duration) result {
	told := result{Requests: len(all), PerSecond: float64(len(all)) / took.Seconds()}
	var times []time.Duration
	for _, one := range all {
		times = append(times, one.time)
		told.Bytes = max(told.Bytes, one.bytes)
		if one.late {
			told.Late++
		}
		if one.problem != "" {
			told.Bad++
			told.Example = one.problem
		}
	}
	slices.Sort(times)
	// The nearest rank: of few requests, the longest is what all but one of a hundred did not exceed.
	at := func(part float64) float64 { return milliseconds(times[int(math.Ceil(part*float64(len(times))))-1]) }
	told.P50, told.P99, told.Longest = at(0.5), at(0.99), at(1)
	return told
}

func read() settings {
	var s settings
	flag.StringVar(&s.url, "url", "", "where to")
	flag.StringVar(&s.keys, "keys", "", "file of keys")
	flag.StringVar(&s.authority, "authority", "", "PEM file: who certified the server")
	flag.StringVar(&s.certificate, "certificate", "", "PEM file of the client")
	flag.StringVar(&s.key, "key", "", "PEM file of its private key")
	flag.IntVar(&s.batch, "batch", 1, "keys a request")
	flag.IntVar(&s.requests, "requests", 1, "how many")
	flag.IntVar(&s.clients, "clients", 1, "how many at a time")
	flag.IntVar(&s.warmup, "warmup", 0, "requests before the clock starts")
	flag.BoolVar(&s.fresh, "fresh", false, "other keys for each request")
	flag.BoolVar(&s.any, "any", false, "whatever is answered is good")
	flag.DurationVar(&s.duration, "for", 0, "no request begins after that time")
	flag.DurationVar(&s.patience, "patience", 0, "what a request without a full answer counts as, at least")
	flag.Parse()
	return s
}

// Connect makes a client with a connection of its own: what it asks for is refused, and the handshake is done.
func connect(s settings) *http.Client {
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(contents(s.authority))
	pair, err := tls.LoadX509KeyPair(s.certificate, s.key)
	if err != nil {
		log.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		MinVersion: tls.VersionTLS13, RootCAs: authorities, Certificates: []tls.Certificate{pair}}}
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	response, err := client.Get(s.url)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		log.Fatal(err)
	}
	return client
}

// Bodies are made before anything is measured.
func bodies(s settings) [][]byte {
	var keys []string
	lines := bufio.NewScanner(bytes.NewReader(contents(s.keys)))
	for lines.Scan() {
		keys = append(keys, lines.Text())
	}
	if !s.fresh {
		keys = keys[:min(s.batch, len(keys))]
	}
	var made [][]byte
	for batch := range slices.Chunk(keys, s.batch) {
		body, err := json.Marshal(map[string]any{
			"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest",
			"request": map[string]any{"keys": batch}})
		if err != nil {
			log.Fatal(err)
		}
		made = append(made, body)
	}
	return made
}

func ask(client *http.Client, s settings, body []byte) (status int, content []byte, err error) {
	response, err := client.Post(s.url, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	content, err = io.ReadAll(response.Body)
	return response.StatusCode, content, err
}

// Judge tells whether keys are left without an answer in time, and what else is wrong with an answer.
func judge(content []byte, keys int) (late bool, problem string) {
	var told answer
	if err := json.Unmarshal(content, &told); err != nil {
		return false, err.Error()
	}
	for _, item := range told.Response.Items {
		if item.Error != "" {
			return false, item.Error
		}
	}
	failures := told.Response.SystemError
	if len(told.Response.Items) == keys && failures == "" {
		return false, ""
	}
	if strings.Count(failures, `"reason":`) != strings.Count(failures, `"reason":"Timeout"`) {
		return false, failures
	}
	return true, ""
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func contents(path string) []byte {
	content, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return content
}
