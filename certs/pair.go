package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// LoadError is why a certificate and its key could not be loaded from files. It
// holds no key material.
type LoadError struct {
	Path   string // the file at fault
	Cause  error
	Remedy string // what a person can do, as a sentence without a full stop
}

func (e *LoadError) Error() string { return fmt.Sprintf("load %s: %v", e.Path, e.Cause) }

// Unwrap gives the cause to errors.Is and errors.As.
func (e *LoadError) Unwrap() error { return e.Cause }

// readError is a LoadError of a file that could not be read.
func readError(path string, err error) *LoadError {
	e := &LoadError{Path: path, Cause: err}
	var at *fs.PathError
	if errors.As(err, &at) {
		e.Cause = at.Err // the path is said already
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Remedy = "put the file in place or correct its path"
	case errors.Is(err, fs.ErrPermission):
		e.Remedy = "let the user that sluice runs as read the file and enter its folders"
	default:
		e.Remedy = "check that it is a readable file"
	}
	return e
}

// parse makes a certificate of the text of the two files, which may be one and
// the same. It refuses what X509KeyPair would let through: a file that is cut
// off behind a whole certificate, as one half written is.
func parse(o FileOptions, certText, keyText []byte) (*tls.Certificate, *LoadError) {
	if e := inspect(o, certText, keyText); e != nil {
		return nil, e
	}
	c, err := tls.X509KeyPair(certText, keyText)
	if err != nil {
		return nil, mismatch(o, certText, keyText, err)
	}
	if c.Leaf == nil { // GODEBUG=x509keypairleaf=0
		if c.Leaf, err = x509.ParseCertificate(c.Certificate[0]); err != nil {
			return nil, &LoadError{o.Cert, err, "have the certificate issued again"}
		}
	}
	return &c, nil
}

// inspect finds what a person can put right about the PEM text (RFC 7468).
func inspect(o FileOptions, certText, keyText []byte) *LoadError {
	fault := func(path, cause, remedy string) *LoadError {
		return &LoadError{path, errors.New(cause), remedy}
	}
	certs, keys := blocks(certText), blocks(keyText)
	switch {
	case certs.cut:
		return fault(o.Cert, "a PEM block is cut off or garbled", rewrite)
	case keys.cut:
		return fault(o.Key, "a PEM block is cut off or garbled", rewrite)
	case len(certs.certificates) == 0 && certs.keys > 0:
		return fault(o.Cert, "holds a private key but no certificate", "check whether cert and key are swapped")
	case len(certs.certificates) == 0:
		return fault(o.Cert, "holds no PEM certificate", "convert it to PEM: openssl x509 -inform der, or openssl pkcs12 -nokeys for a .pfx")
	case keys.encrypted:
		return fault(o.Key, "the private key is encrypted with a passphrase", "decrypt it: openssl pkey -in key.pem -out plain.pem")
	case keys.keys == 0 && len(keys.certificates) > 0:
		return fault(o.Key, "holds a certificate but no private key", "check whether cert and key are swapped")
	case keys.keys == 0:
		return fault(o.Key, "holds no PEM private key", "convert it to PEM: openssl pkey -inform der, or openssl pkcs12 -nocerts -nodes for a .pfx")
	}
	return nil
}

const rewrite = "write the whole file, best by renaming a finished one over it"

// mismatch says why X509KeyPair refused text that inspect let pass.
func mismatch(o FileOptions, certText, keyText []byte, err error) *LoadError {
	certificates := blocks(certText).certificates
	leaf, e := x509.ParseCertificate(certificates[0].Bytes)
	if e != nil {
		return &LoadError{o.Cert, e, "have the certificate issued again"}
	}
	if !strings.Contains(err.Error(), "does not match") {
		return &LoadError{o.Key, err, "use an ECDSA or RSA key as openssl pkey writes it"}
	}
	for i, block := range certificates[1:] {
		if _, err := tls.X509KeyPair(pem.EncodeToMemory(block), keyText); err == nil {
			return &LoadError{o.Cert, fmt.Errorf("the private key in %s belongs to certificate %d of the file, not to the first", o.Key, i+2),
				"write the server's own certificate first, then its issuers"}
		}
	}
	return &LoadError{o.Key, fmt.Errorf("the private key does not belong to the certificate of %s in %s", called(leaf), o.Cert),
		"use the key that the certificate was ordered with, or order one for this key"}
}

// called is what a person knows a leaf by. Many carry no common name.
func called(leaf *x509.Certificate) string {
	if names := namesOf(leaf); len(names) > 0 {
		return names[0]
	}
	return commonName(leaf.Subject)
}

// contents is what the PEM blocks of a file are.
type contents struct {
	certificates []*pem.Block
	keys         int
	encrypted    bool // a key is
	cut          bool // a block begins but cannot be decoded
}

func blocks(text []byte) contents {
	var c contents
	begun := bytes.Count(text, []byte("-----BEGIN "))
	decoded := 0
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			c.cut = begun > decoded
			return c
		}
		text = rest
		decoded++
		switch {
		case block.Type == "CERTIFICATE":
			c.certificates = append(c.certificates, block)
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
			c.keys++
			c.encrypted = true
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			c.keys++
		}
	}
}
