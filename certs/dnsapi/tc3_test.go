package dnsapi

import (
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The request of Tencent's documentation of its signature v3, which all its
// products share: https://cloud.tencent.com/document/api/1427/56189
const (
	tc3PublishedBody = `{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
	tc3PublishedTime = 1551113065
)

func tc3PublishedRequest(t *testing.T) *http.Request {
	r, err := http.NewRequest(http.MethodPost, "https://cvm.tencentcloudapi.com/", strings.NewReader(tc3PublishedBody))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-TC-Action", "DescribeInstances")
	return r
}

// The documentation masks the example's SecretId and SecretKey with asterisks;
// the values it publishes are nevertheless those of a key of 32 asterisks taken
// to the letter, as the derived keys, which it publishes too, show.
func TestTC3MakesThePublishedSignature(t *testing.T) {
	s := tc3{id: "AKID" + strings.Repeat("*", 32), key: strings.Repeat("*", 32), service: "cvm"}
	now := time.Unix(tc3PublishedTime, 0).UTC()
	r := tc3PublishedRequest(t)

	for _, tt := range []struct{ what, got, want string }{
		{"hash of the body", sha256Hex(tc3PublishedBody), "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"},
		{"canonical request", tc3CanonicalRequest(r, []byte(tc3PublishedBody)), "POST\n/\n\n" +
			"content-type:application/json; charset=utf-8\nhost:cvm.tencentcloudapi.com\nx-tc-action:describeinstances\n\n" +
			"content-type;host;x-tc-action\n35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064"},
		{"string to sign", s.stringToSign(r, []byte(tc3PublishedBody), now), "TC3-HMAC-SHA256\n1551113065\n" +
			"2019-02-25/cvm/tc3_request\n7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"},
		{"SecretSigning", hex.EncodeToString(s.signingKey(now)), "b596b923aad85185e2d1f6659d2a062e0a86731226e021e61bfe06f7ed05f5af"},
		{"Signature", s.sign(r, []byte(tc3PublishedBody), now), "10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"},
		{"X-TC-Timestamp", r.Header.Get("X-TC-Timestamp"), "1551113065"},
		{"Authorization", r.Header.Get("Authorization"), "TC3-HMAC-SHA256 " +
			"Credential=AKID********************************/2019-02-25/cvm/tc3_request, " +
			"SignedHeaders=content-type;host;x-tc-action, " +
			"Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.what, tt.got, tt.want)
		}
	}
}

// An earlier edition of the page, still copied in Tencent's documentation of
// other products (https://www.tencentcloud.com/document/product/267/37447), told
// the example's key, and signed content-type and host only. Its string to sign
// and signature hold for the key's derivation.
func TestTC3MakesThePublishedSignatureOfTheKeyThatWasTold(t *testing.T) {
	s := tc3{key: "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", service: "cvm"}
	const toSign = "TC3-HMAC-SHA256\n1551113065\n2019-02-25/cvm/tc3_request\n" +
		"5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
	got := hex.EncodeToString(hmacSHA256(s.signingKey(time.Unix(tc3PublishedTime, 0).UTC()), toSign))
	if want := "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

// "The date has to be calculated from the timestamp, and the time zone is UTC."
func TestTC3TakesTheDateInUTC(t *testing.T) {
	r := tc3PublishedRequest(t)
	tc3{id: "id", key: "key", service: "cvm"}.sign(r, nil, time.Unix(tc3PublishedTime, 0).In(time.FixedZone("UTC+8", 8*3600)))
	if got := r.Header.Get("Authorization"); !strings.Contains(got, "/2019-02-25/") {
		t.Errorf("not of the day in UTC: %s", got)
	}
}
