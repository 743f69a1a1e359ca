package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	indexType    = "application/vnd.oci.image.index.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar+gzip"
	layers       = 8  // as many as images have: a manifest of 1.5 KB, a configuration of 2.5 KB
	crowd        = 99 // platforms: an index may have a hundred
)

type object = map[string]any

// Document is what a digest stands for.
type Document struct {
	kind   string
	digest string
	bytes  []byte
}

// Image is all that a repository holds.
type Image struct {
	top       Document
	mutex     sync.Mutex
	documents map[string]Document
	signature *Document
}

func newImage(repository string) *Image {
	image := &Image{documents: map[string]Document{}}
	kind, _, _ := strings.Cut(repository, "/")
	switch kind {
	case "index", "attested":
		image.top = image.index(repository, []string{"amd64", "arm64"}, kind == "attested")
	case "crowd":
		var architectures []string
		for number := range crowd {
			architectures = append(architectures, fmt.Sprintf("made-up-%d", number))
		}
		image.top = image.index(repository, architectures, false)
	default:
		image.top = image.platform(repository, "amd64")
	}
	return image
}

func (i *Image) index(repository string, architectures []string, attested bool) Document {
	var children []object
	for _, architecture := range architectures {
		child := i.platform(repository, architecture)
		children = append(children, child.descriptor(object{
			"platform": object{"os": "linux", "architecture": architecture}}))
	}
	if attested {
		children = append(children, i.attestation(children[0]["digest"]))
	}
	return i.keep(indexType, encoded(object{"schemaVersion": 2, "mediaType": indexType, "manifests": children}))
}

// Platform is one image of an index, or the only one.
func (i *Image) platform(repository, architecture string) Document {
	var parts, history []object
	var diffs []string
	for number := range layers {
		digest := fmt.Sprintf("sha256:%x", sha256.Sum256(fmt.Appendf(nil, "%s %d", repository, number)))
		parts = append(parts, object{"mediaType": layerType, "digest": digest, "size": 1_000_000 + number})
		diffs = append(diffs, digest)
		history = append(history, object{"created": built(), "created_by": fmt.Sprintf("COPY /part-%d /usr/lib/part-%d", number, number)})
	}
	config := i.keep(configType, encoded(object{
		"created": built(), "os": "linux", "architecture": architecture, "history": history,
		"config": object{"User": "65532", "Entrypoint": []string{"/app"}, "Labels": object{"repository": repository}},
		"rootfs": object{"type": "layers", "diff_ids": diffs}}))
	return i.keep(manifestType, encoded(object{
		"schemaVersion": 2, "mediaType": manifestType, "config": config.descriptor(nil), "layers": parts}))
}

// Attestation is the descriptor of what BuildKit puts beside the platforms: no platform, but a part of what
// policy-controller shows to a rule.
func (i *Image) attestation(subject any) object {
	config := i.keep(configType, encoded(object{
		"os": "unknown", "architecture": "unknown", "config": object{}, "rootfs": object{"type": "layers", "diff_ids": []string{}}}))
	manifest := i.keep(manifestType, encoded(object{
		"schemaVersion": 2, "mediaType": manifestType, "config": config.descriptor(nil), "layers": []object{},
		"annotations": object{"of": subject}}))
	return manifest.descriptor(object{
		"platform":    object{"os": "unknown", "architecture": "unknown"},
		"annotations": object{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject}})
}

func (i *Image) keep(kind string, bytes []byte) Document {
	document := Document{kind, fmt.Sprintf("sha256:%x", sha256.Sum256(bytes)), bytes}
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.documents[document.digest] = document
	return document
}

func (i *Image) at(digest string) (Document, bool) {
	i.mutex.Lock()
	defer i.mutex.Unlock()
	document, found := i.documents[digest]
	return document, found
}

func (d Document) descriptor(more object) object {
	made := object{"mediaType": d.kind, "digest": d.digest, "size": len(d.bytes)}
	for name, value := range more {
		made[name] = value
	}
	return made
}

// Built is a day before: nobody's policy minds.
func built() string { return started.Add(-24 * time.Hour).UTC().Format(time.RFC3339Nano) }

var started = time.Now()

func encoded(value any) []byte {
	bytes, err := json.Marshal(value)
	if err != nil {
		panic(err) // all that is encoded is made here
	}
	return bytes
}
