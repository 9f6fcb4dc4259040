package dnsapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// tc3 signs requests for Tencent Cloud by its "Signature v3",
// TC3-HMAC-SHA256: https://cloud.tencent.com/document/api/1427/56189
type tc3 struct {
	id, key string // SecretId, SecretKey
	service string // first label of the API's host
}

// tc3Headers are the headers that are signed, in order. Tencent asks for the
// first two and recommends the third, which says what is to be done.
const tc3Headers = "content-type;host;x-tc-action"

// sign sets the time and the Authorization of a POST request that has its other
// headers and will be sent with body. It returns the signature.
func (s tc3) sign(r *http.Request, body []byte, now time.Time) (signature string) {
	now = now.UTC() // the scope's date is that of the timestamp in UTC
	r.Header.Set("X-TC-Timestamp", fmt.Sprint(now.Unix()))
	signature = hex.EncodeToString(hmacSHA256(s.signingKey(now), s.stringToSign(r, body, now)))
	r.Header.Set("Authorization", "TC3-HMAC-SHA256 Credential="+s.id+"/"+s.scope(now)+
		", SignedHeaders="+tc3Headers+", Signature="+signature)
	return signature
}

func (s tc3) scope(now time.Time) string {
	return now.Format(time.DateOnly) + "/" + s.service + "/tc3_request"
}

// stringToSign is step 2 of the documentation.
func (s tc3) stringToSign(r *http.Request, body []byte, now time.Time) string {
	return fmt.Sprintf("TC3-HMAC-SHA256\n%d\n%s\n%s", now.Unix(), s.scope(now), sha256Hex(tc3CanonicalRequest(r, body)))
}

// signingKey is the key of step 3, good for one service and day.
func (s tc3) signingKey(now time.Time) []byte {
	date := hmacSHA256([]byte("TC3"+s.key), now.Format(time.DateOnly))
	return hmacSHA256(hmacSHA256(date, s.service), "tc3_request")
}

// tc3CanonicalRequest is step 1. The query of a POST request is empty.
func tc3CanonicalRequest(r *http.Request, body []byte) string {
	var headers strings.Builder
	for name := range strings.SplitSeq(tc3Headers, ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.URL.Host
		}
		headers.WriteString(name + ":" + strings.ToLower(strings.TrimSpace(value)) + "\n")
	}
	return strings.Join([]string{r.Method, r.URL.EscapedPath(), "", headers.String(), tc3Headers, sha256Hex(string(body))}, "\n")
}

// hmacSHA256 is the code of text under key.
func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// sha256Hex is the hash of text in lower-case hexadecimal.
func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
