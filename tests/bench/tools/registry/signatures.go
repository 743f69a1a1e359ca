package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"log"
	"strings"
)

const payloadType = "application/vnd.dev.cosign.simplesigning.v1+json"

// Signer signs everything with one key.
type Signer struct{ key *ecdsa.PrivateKey }

func newSigner() *Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	return &Signer{key}
}

func (s *Signer) pem() []byte {
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		log.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func (s *Signer) sign(payload []byte) string {
	sum := sha256.Sum256(payload)
	signature, err := ecdsa.SignASN1(rand.Reader, s.key, sum[:])
	if err != nil {
		log.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// SignatureTag is where legacy signatures are looked for.
func (i *Image) signatureTag() string { return strings.Replace(i.top.digest, ":", "-", 1) + ".sig" }

// Signed is the manifest of the legacy signatures, made when it is first asked for. A payload carries an annotation, as
// some signers write it; the first one does not where it is to be what cosign writes by default.
func (i *Image) signed(signer *Signer, name string, settings Settings) Document {
	i.mutex.Lock()
	made := i.signature
	i.mutex.Unlock()
	if made != nil {
		return *made
	}
	var parts []object
	for number := range settings.signatures {
		var optional any
		if number > 0 || !settings.usual {
			optional = object{"number": number}
		}
		payload := i.keep(payloadType, encoded(object{
			"critical": object{
				"identity": object{"docker-reference": name},
				"image":    object{"docker-manifest-digest": i.top.digest},
				"type":     "cosign container image signature",
			},
			"optional": optional,
		}))
		parts = append(parts, payload.descriptor(object{
			"annotations": object{"dev.cosignproject.cosign/signature": signer.sign(payload.bytes)}}))
	}
	config := i.keep(configType, []byte(`{"rootfs":{"type":"layers","diff_ids":[]}}`))
	manifest := i.keep(manifestType, encoded(object{
		"schemaVersion": 2, "mediaType": manifestType, "config": config.descriptor(nil), "layers": parts}))
	i.mutex.Lock()
	defer i.mutex.Unlock()
	i.signature = &manifest
	return manifest
}
