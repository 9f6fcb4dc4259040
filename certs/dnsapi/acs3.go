package dnsapi

import (
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// acs3 signs requests for Alibaba Cloud by its signature V3, ACS3-HMAC-SHA256:
// https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
type acs3 struct {
	id, key string // AccessKey ID, AccessKey secret
	token   string // of temporary credentials; may be empty
}

// sign sets the date, the nonce and the Authorization of a request that has its
// query by acs3Query, its other headers, and will be sent with body. The nonce
// must be new each time. It returns the signature.
func (s acs3) sign(r *http.Request, body []byte, now time.Time, nonce string) (signature string) {
	r.Header.Set("x-acs-date", now.UTC().Format("2006-01-02T15:04:05Z"))
	r.Header.Set("x-acs-signature-nonce", nonce)
	r.Header.Set("x-acs-content-sha256", sha256Hex(string(body)))
	if s.token != "" {
		r.Header.Set("x-acs-security-token", s.token)
	}
	canonical, names := acs3CanonicalRequest(r, body)
	signature = hex.EncodeToString(hmacSHA256([]byte(s.key), acs3StringToSign(canonical)))
	r.Header.Set("Authorization", "ACS3-HMAC-SHA256 Credential="+s.id+",SignedHeaders="+names+",Signature="+signature)
	return signature
}

// acs3StringToSign is step 2 of the documentation.
func acs3StringToSign(canonical string) string {
	return "ACS3-HMAC-SHA256\n" + sha256Hex(canonical)
}

// acs3CanonicalRequest is step 1, and the names of the headers that it signs:
// the host, the content's type, and all that are Alibaba Cloud's own.
func acs3CanonicalRequest(r *http.Request, body []byte) (canonical, names string) {
	headers := map[string]string{"host": r.URL.Host}
	for name, values := range r.Header {
		if name = strings.ToLower(name); name == "content-type" || strings.HasPrefix(name, "x-acs-") {
			headers[name] = strings.TrimSpace(values[0])
		}
	}
	var list []string
	for name := range headers {
		list = append(list, name)
	}
	slices.Sort(list)
	var lines strings.Builder
	for _, name := range list {
		lines.WriteString(name + ":" + headers[name] + "\n")
	}
	names = strings.Join(list, ";")
	return strings.Join([]string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, lines.String(), names, sha256Hex(string(body))}, "\n"), names
}

// acs3Query writes a query as it is signed: sorted, and escaped by RFC 3986,
// where the space is not a plus.
func acs3Query(query url.Values) string {
	return strings.ReplaceAll(query.Encode(), "+", "%20")
}
