package degraded

import "testing"

func TestWhoReadsChinese(t *testing.T) {
	for _, tt := range []struct {
		accept string
		want   language
	}{
		{"zh-CN,zh;q=0.9,en;q=0.8", chinese},
		{"zh", chinese}, {"ZH-hans", chinese}, {"zh-TW", chinese}, {"zh_CN", chinese}, {"yue-HK", chinese},
		{"fr-FR,fr;q=0.9,zh;q=0.5", chinese},
		{"en;q=0.5, zh;q=0.8", chinese},
		// "some recipients treat the order in which language tags are listed
		// as an indication of descending priority, particularly for tags that
		// are assigned equal quality values" (RFC 9110 section 12.5.4)
		{"zh, en", chinese},
		{"en, zh", english},
		{"en-US,en;q=0.9,zh-CN;q=0.8", english},
		{"", english}, {"*", english}, {"fr", english}, {"zha", english},
		{"zh;q=0", english}, {"zh;q=0, en;q=0.1", english},
	} {
		if got := languageOf([]byte(tt.accept)); got != tt.want {
			t.Errorf("%q: %s, want %s", tt.accept, got.tag(), tt.want.tag())
		}
	}
}
