package main

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// What requests are for, as they are counted.
const (
	byTag         = "manifest by tag"
	byDigest      = "manifest by digest"
	blob          = "blob"
	signatureTag  = "signature"
	noSignature   = "signature, none"
	referrers     = "referrers, none"
	referrersTag  = "referrers by tag, none"
	challenge     = "challenge"
	token         = "token"
	nothing       = "not found"
	hanging       = "never answered"
	unknownObject = `{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}`
)

// Answer is what is sent, and what it is counted as.
type Answer struct {
	kind     string
	document Document
	found    bool
}

// How long a request that is never answered is held, unless its client goes away before.
const holding = time.Minute

func (r *Registry) serve(w http.ResponseWriter, request *http.Request) {
	r.counter.begin()
	kind := r.answer(w, request)
	r.counter.end(kind)
	if kind == hanging {
		panic(http.ErrAbortHandler) // the connection is closed, and nothing is said
	}
}

func (r *Registry) answer(w http.ResponseWriter, request *http.Request) string {
	path := request.URL.Path
	repository, what, name := split(path)
	settings := r.behaviour.of(repository)
	time.Sleep(settings.delay)
	if path == "/token" {
		write(w, request, http.StatusOK, Document{kind: "application/json", bytes: []byte(`{"token":"bench","expires_in":300}`)})
		return token
	}
	if settings.token && request.Header.Get("Authorization") != "Bearer bench" {
		realm := fmt.Sprintf(
			`Bearer realm="%s://%s/token",service="bench",scope="repository:%s:pull"`, r.scheme, r.address, repository)
		w.Header().Set("WWW-Authenticate", realm)
		w.WriteHeader(http.StatusUnauthorized)
		return challenge
	}
	if settings.hang && what == "manifests" && strings.HasPrefix(name, "sha256:") {
		select {
		case <-request.Context().Done():
		case <-time.After(holding):
		}
		return hanging
	}
	answer := r.find(repository, what, name, settings)
	if !answer.found {
		write(w, request, http.StatusNotFound, Document{kind: "application/json", bytes: []byte(unknownObject)})
		return answer.kind
	}
	write(w, request, http.StatusOK, answer.document)
	return answer.kind
}

// Split reads `/v2/REPOSITORY/WHAT/NAME`.
func split(path string) (repository, what, name string) {
	rest := strings.TrimPrefix(path, "/v2/")
	for _, what := range []string{"manifests", "blobs", "referrers"} {
		if before, after, found := strings.Cut(rest, "/"+what+"/"); found {
			return before, what, after
		}
	}
	return rest, "", ""
}

func (r *Registry) find(repository, what, name string, settings Settings) Answer {
	image := r.image(repository)
	switch {
	case what == "blobs":
		document, found := image.at(name)
		return Answer{blob, document, found}
	case what == "referrers":
		return Answer{kind: referrers}
	case what != "manifests":
		return Answer{kind: nothing}
	case strings.HasPrefix(name, "sha256:"):
		document, found := image.at(name)
		return Answer{byDigest, document, found}
	case strings.HasSuffix(name, ".sig"):
		if settings.signatures == 0 || name != image.signatureTag() {
			return Answer{kind: noSignature}
		}
		return Answer{signatureTag, image.signed(r.signer, r.address+"/"+repository, settings), true}
	case strings.HasPrefix(name, "sha256-"):
		return Answer{kind: referrersTag}
	}
	return Answer{byTag, image.top, true}
}

func (r *Registry) image(repository string) *Image {
	if known, found := r.images.Load(repository); found {
		return known.(*Image)
	}
	known, _ := r.images.LoadOrStore(repository, newImage(repository))
	return known.(*Image)
}

func write(w http.ResponseWriter, request *http.Request, status int, document Document) {
	w.Header().Set("Content-Type", document.kind)
	w.Header().Set("Content-Length", fmt.Sprint(len(document.bytes)))
	if status == http.StatusOK {
		w.Header().Set("Docker-Content-Digest", document.digest)
	}
	w.WriteHeader(status)
	if request.Method != http.MethodHead {
		_, _ = w.Write(document.bytes)
	}
}
