package dnsapi

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// The example with fixed parameters of Alibaba Cloud's documentation "V3 request
// structure and signature":
// https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
func TestACS3MakesThePublishedSignature(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	const names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version"
	query := acs3Query(url.Values{"RegionId": {"cn-shanghai"}, "ImageId": {"win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}})
	r, err := http.NewRequest(http.MethodPost, "https://ecs.cn-shanghai.aliyuncs.com/?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/json") // not to be signed
	r.Header.Set("x-acs-action", "RunInstances")
	r.Header.Set("x-acs-version", "2014-05-26")
	signature := acs3{id: "YourAccessKeyId", key: "YourAccessKeySecret"}.
		sign(r, nil, time.Date(2023, 10, 26, 18, 22, 32, 0, time.FixedZone("UTC+8", 8*3600)), "3156853299f313e23d1673dc12e1703d")
	canonical, signed := acs3CanonicalRequest(r, nil)

	for _, tt := range []struct{ what, got, want string }{
		{"query", query, "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai"},
		{"x-acs-content-sha256", r.Header.Get("x-acs-content-sha256"), empty},
		{"SignedHeaders", signed, names},
		{"canonical request", canonical, "POST\n/\n" +
			"ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai\n" +
			"host:ecs.cn-shanghai.aliyuncs.com\nx-acs-action:RunInstances\nx-acs-content-sha256:" + empty + "\n" +
			"x-acs-date:2023-10-26T10:22:32Z\nx-acs-signature-nonce:3156853299f313e23d1673dc12e1703d\n" +
			"x-acs-version:2014-05-26\n\n" + names + "\n" + empty},
		{"string to sign", acs3StringToSign(canonical), "ACS3-HMAC-SHA256\n7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259"},
		{"Signature", signature, "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"},
		{"Authorization", r.Header.Get("Authorization"), "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=" + names +
			",Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s:\ngot  %q\nwant %q", tt.what, tt.got, tt.want)
		}
	}
}

// "Letters, digits, hyphens, underscores, periods and tildes do not need to be
// encoded": the others do, the space as %20 and the asterisk as %2A.
func TestACS3EscapesTheQueryByRFC3986(t *testing.T) {
	got := acs3Query(url.Values{"Value": {`a b*c~d+e/f"g=h&i`}, "RR": {"@"}, "Line": {"默认"}})
	want := "Line=%E9%BB%98%E8%AE%A4&RR=%40&Value=a%20b%2Ac~d%2Be%2Ff%22g%3Dh%26i"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
