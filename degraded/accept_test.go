package degraded

import "testing"

func TestWhoGetsThePage(t *testing.T) {
	for _, tt := range []struct {
		name   string
		accept string
		html   bool
	}{
		// People: a browser that opens a page.
		{"Chrome", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7", true},
		{"Firefox", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true},
		{"Lynx", "text/html, text/plain, text/sgml, */*;q=0.01", true},
		{"jQuery that loads HTML", "text/html, */*; q=0.01", true},

		// Programs.
		{"no Accept: most app clients", "", false},
		{"curl, fetch, wx.request", "*/*", false},
		{"axios", "application/json, text/plain, */*", false},
		{"jQuery that loads JSON", "application/json, text/javascript, */*; q=0.01", false},
		{"an image of a page", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", false},
		{"EventSource", "text/event-stream", false},
		{"Java, which names HTML", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", true},

		// Weights: the higher one wins, whatever is named.
		{"JSON weighs more", "text/html;q=0.5, application/json", false},
		{"HTML weighs more", "application/json;q=0.5, text/html", true},
		{"HTML named below a wildcard", "text/html;q=0.5, */*;q=0.8", false},
		{"HTML by a wildcard, JSON not at all", "text/*", true},
		{"HTML by a wildcard, JSON less", "text/*, application/json;q=0.5", true},
		{"both named, same weight", "text/html, application/json", false},
		{"HTML named, JSON by a wildcard, same weight", "text/html, */*", true},
		{"XHTML named", "application/xhtml+xml", true},
		{"a type made of JSON", "application/problem+json, text/html", false},

		// "a value of 0 means "not acceptable"." (RFC 9110 section 12.4.2)
		{"HTML refused", "text/html;q=0, */*;q=0.1", false},
		{"JSON refused", "application/json;q=0, */*", true},
		{"both refused", "text/html;q=0, application/json;q=0", false},
		{"all refused", "*/*;q=0", false},

		// "the most specific reference has precedence" (section 12.5.1)
		{"exact over type", "text/*;q=1, text/html;q=0.1, application/json;q=0.2", false},
		{"type over any", "*/*;q=1, text/*;q=0.1", false},
		{"plain over one with parameters", "text/html;level=1, text/html;q=0.1, application/json;q=0.2", false},
		{"charset is no special wish", "text/html;charset=utf-8;q=0.1, text/html;level=1, application/json;q=0.2", false},

		// "Recipients SHOULD process any parameter named "q" as weight,
		// regardless of parameter ordering." (section 12.5.1)
		{"q before a parameter", "text/html;q=0.1;level=1, application/json;q=0.2", false},

		// "type and subtype tokens are case-insensitive" (section 8.3.1)
		{"upper case", "TEXT/HTML, Application/JSON;Q=0.5", true},
		{"white space", " \ttext/html\t ; q=1 ,\tapplication/json ; q=0.9", true},

		// "A recipient MUST parse and ignore a reasonable number of empty
		// list elements" (section 5.6.1.2)
		{"empty elements", ", ,text/html,,", true},
		{"quoted comma", `text/plain;a=",text/html,", application/json`, false},
		{"quoted quote", `text/plain;a="\",text/html", application/json`, false},
		{"quote without an end", `text/plain;a=", text/html`, false},

		// What cannot be read is passed over.
		{"not a weight", "text/html;q=high, application/json;q=0.1", false},
		{"weight over 1", "text/html;q=1.001, application/json;q=0.1", false},
		{"weight with four digits", "text/html;q=0.1234", false},
		{"only rubbish", ";;=,\"", false},
	} {
		if got := prefersHTML([]byte(tt.accept)); got != tt.html {
			t.Errorf("%s: %q: page is %v, want %v", tt.name, tt.accept, got, tt.html)
		}
	}
}

func TestWeightIsAQvalue(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want uint16
		ok   bool
	}{
		{"1", 1000, true}, {"1.", 1000, true}, {"1.000", 1000, true},
		{"0", 0, true}, {"0.", 0, true}, {"0.5", 500, true}, {"0.05", 50, true}, {"0.125", 125, true},
		{".2", 200, true},
		{"", 0, false}, {"2", 0, false}, {"1.1", 0, false}, {"0.1234", 0, false},
		{"-0.5", 0, false}, {"0.5x", 0, false}, {"0,5", 0, false}, {"00.5", 0, false}, {"\"1\"", 0, false},
	} {
		if got, ok := weight([]byte(tt.in)); ok != tt.ok || ok && got != tt.want {
			t.Errorf("weight(%q) = %d, %v, want %d, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzAccept(f *testing.F) {
	f.Add(`text/html;q=0.5;a="\",", */*`)
	f.Add(`zh-CN,zh;q=0.9,en;q=0.8`)
	f.Fuzz(func(t *testing.T, field string) {
		html, json := weigh([]byte(field))
		if html.q > 1000 || json.q > 1000 {
			t.Errorf("%q: weights %d and %d", field, html.q, json.q)
		}
		// A list does not change its meaning by empty elements around it.
		h2, j2 := weigh([]byte(", ," + field))
		if h2 != html || j2 != json {
			t.Errorf("%q: read differently after empty elements", field)
		}
		languageOf([]byte(field))
	})
}
