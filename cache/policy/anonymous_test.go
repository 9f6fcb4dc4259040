package policy

import "testing"

// RFC 6265 section 4.2.1: cookie-pairs are joined by "; ". What doesn't parse
// as such counts as a cookie.
func TestAnonymous(t *testing.T) {
	ignored := []string{"_ga*", "Hm_lvt_*", "sluice_*", "exact"}
	for _, tt := range []struct {
		want  bool
		lines []string
	}{
		{true, nil},
		{true, []string{"Accept: x", "User-Agent: y", "Sec-Fetch-User: ?1", "X-Requested-With: z"}},
		{true, []string{"Cookie: _ga=GA1.2.3"}},
		{true, []string{"Cookie: _ga=1; _gat=2;Hm_lvt_1=1600000000,1600000100; exact=; sluice_r=a=b"}},
		{true, []string{"Cookie: _ga=1;", "Cookie: _gac=1"}},
		{true, []string{"Cookie:"}},
		{true, []string{"Cookie: ; ;"}},
		{false, []string{"Cookie: session=1"}},
		{false, []string{"Cookie: _ga=1; session=1"}},
		{false, []string{"Cookie: _ga=1", "Cookie: session=1"}},
		{false, []string{"Cookie: _GA=1"}},
		{false, []string{"Cookie: exactly=1"}},
		{false, []string{"Cookie: _ga"}},
		{false, []string{"Cookie: =_ga"}},
		{false, []string{"Cookie: _ga =1"}},
		{false, []string{`Cookie: _ga="1; session=2"`}},
		{false, []string{`Cookie: _ga="1"`}},
		{false, []string{"Cookie: _ga=1, session=2"}},
		{false, []string{"Cookie: _ga=1,session=2"}},
		{false, []string{"Cookie: _ga=1 session=2"}},
		{false, []string{"Cookie: _ga=\u00fc"}},
		{false, []string{"Cookie: $Version=1; _ga=1"}},
		{false, []string{"authorization: Basic x"}},
		{false, []string{"Proxy-Authorization: Basic x"}},
		{false, []string{"Token: x"}},
		{false, []string{"X-Access-Token: x"}},
		{false, []string{"x_auth: x"}},
		{false, []string{"X-API-Key: x"}},
		{false, []string{"X-WX-OPENID: x"}},
		{false, []string{"sessionid: x"}},
		{true, []string{"Tokens: x", "X-Authority: x", "X-: y", "-: z", "X--Y: z"}},
	} {
		if got := Anonymous(fields(tt.lines...), ignored); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.lines, got, tt.want)
		}
	}
	if Anonymous(fields("Cookie: a=b"), nil) || !Anonymous(fields("Cookie: a=b"), []string{"*"}) {
		t.Error("nothing ignores something, or a star not all")
	}
}
